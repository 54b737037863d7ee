// A button that fills latitude and longitude from the phone's own position.

"use strict";

const texts = document.body.dataset;
for (const latitude of document.querySelectorAll("input[name$=lat]")) {
  const name = latitude.name.replace(/lat$/, "lon");
  const longitude = latitude.form?.elements[name];
  if (!longitude || !navigator.geolocation) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = texts.here;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        latitude.value = coords.latitude.toFixed(6);
        longitude.value = coords.longitude.toFixed(6);
      },
      () => { button.textContent = texts.hereFailed; },
      { enableHighAccuracy: true, timeout: 10_000 },
    );
  });
  latitude.after(button);
}
