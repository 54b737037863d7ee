// Keeps the draft on the server: by itself after each change, and never over somebody else's.

import { get, post } from "./calls.js";

const PAUSE = 2500;

export class Keeper {
  constructor({ given, address, collect, texts, load }) {
    Object.assign(this, { address, collect, texts, load });
    this.revision = given.revision;
    this.dirty = false;
    this.waiting = 0;
    this.saving = null;
    this.state = document.getElementById("state");
    this.dialog = document.getElementById("conflict");
    if (given.revision) this.saved(given);
    else this.say(texts.as_deployed.replace("{version}", given.base));
    window.addEventListener("beforeunload", (event) => this.dirty && event.preventDefault());
    document.getElementById("take-theirs").addEventListener("click", () => this.takeTheirs());
    document.getElementById("see-difference").addEventListener("click", () => this.seeDifference());
    document.getElementById("keep-mine").addEventListener("click", () => this.keepMine());
  }

  say(text) {
    this.state.textContent = text;
  }

  saved({ revision, savedAt, savedBy }) {
    this.revision = revision;
    this.state.dataset.revision = String(revision);
    // What was changed while it was on its way is not saved yet.
    this.state.dataset.kept = String(!this.dirty);
    if (this.dirty) return;
    this.say(this.texts.saved.replace("{revision}", revision).replace("{at}", savedAt).replace("{by}", savedBy));
  }

  changed() {
    this.dirty = true;
    this.state.dataset.kept = "false";
    this.say(this.texts.unsaved);
    clearTimeout(this.waiting);
    if (!this.dialog.open) this.waiting = setTimeout(() => this.save(), PAUSE);
  }

  /** Save; true when the draft on the server is what is drawn here. */
  async save(always = false) {
    clearTimeout(this.waiting);
    while (this.saving) await this.saving;
    if (!this.dirty && !(always && this.revision === 0)) return true;
    this.saving = this.send();
    try {
      return await this.saving;
    } finally {
      this.saving = null;
    }
  }

  async send() {
    this.dirty = false;
    try {
      const { files, title } = await this.collect();
      this.saved(await post(this.address("draft"), files, { revision: this.revision, title }));
      return true;
    } catch (refusal) {
      this.dirty = true;
      if (refusal.status === 409) this.conflict(refusal.problem);
      else this.say(refusal.status ? refusal.message : this.texts.no_server);
      return false;
    }
  }

  conflict({ revision, saved_by: who, saved_at: at, who_name: name }) {
    this.theirs = revision;
    const when = new Date(at).toLocaleString();
    document.getElementById("conflict-difference").replaceChildren();
    document.getElementById("conflict-text").textContent =
      this.texts.conflict.replace("{by}", name ?? who).replace("{at}", when).replace("{revision}", revision);
    this.dialog.showModal();
  }

  /** List what is drawn here and differs from what somebody else has saved. */
  async seeDifference() {
    const { files } = await this.collect();
    const { told } = await post(this.address("draft/differences"), files);
    const lines = told.map(({ says, facts }) => {
      const line = document.createElement("li");
      line.textContent = [says, ...facts].join(" · ");
      return line;
    });
    document.getElementById("conflict-difference").replaceChildren(...lines);
  }

  /** Put aside what is drawn here, and go on with what somebody else has saved. */
  async takeTheirs() {
    const theirs = await get(this.address("draft"));
    this.dirty = false;
    await this.load(theirs);
    this.dirty = false;
    clearTimeout(this.waiting);
    if (theirs.revision) this.saved(theirs);
    else this.revision = 0;
    this.dialog.close();
  }

  /** Save what is drawn here over what somebody else has saved, knowing it. */
  async keepMine() {
    this.revision = this.theirs;
    this.dialog.close();
    await this.save(true);
  }

  /** The page is left on purpose. */
  close() {
    this.dirty = false;
    clearTimeout(this.waiting);
  }
}
