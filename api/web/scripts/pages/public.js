// The report's position: a button that asks the phone where it is. Without it nothing is lost.

const field = document.querySelector("#position");
if (field && navigator.geolocation) {
  const button = field.querySelector("button");
  const said = field.querySelector("[role=status]");
  const [latitude, longitude] = field.querySelectorAll("input");
  field.hidden = false;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        latitude.value = coords.latitude.toFixed(6);
        longitude.value = coords.longitude.toFixed(6);
        said.textContent = field.dataset.had;
      },
      () => { said.textContent = field.dataset.failed; },
      { enableHighAccuracy: true, timeout: 10_000 },
    );
  });
}
