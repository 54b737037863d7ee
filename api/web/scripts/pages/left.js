// Somebody has signed out: nothing that was typed stays on this device.

import { forget } from "../drafts.js";

forget();
document.documentElement.dataset.forgotten = "";
