// A page to write on. What is typed goes to the studio PAUSE after the last keystroke, at the
// latest LONGEST after the first unsent one, and into the browser's own storage at once, so
// that a killed tab or a sleeping server loses nothing: the next mount finds it and sends it.

const PAUSE = 600;
const LONGEST = 1400;
const desks = new WeakMap();

function draftKey(story) {
  return `lorewright:draft:${story}`;
}

function readDraft(story) {
  try {
    return JSON.parse(localStorage.getItem(draftKey(story)));
  } catch {
    return null; // storage is closed to this page, or holds something else
  }
}

function writeDraft(story, draft) {
  try {
    if (draft === null) localStorage.removeItem(draftKey(story));
    else localStorage.setItem(draftKey(story), JSON.stringify(draft));
  } catch {
    // storage is full or closed: the studio's own copy remains
  }
}

function grow(area) {
  const top = document.scrollingElement?.scrollTop;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 4}px`;
  if (top !== undefined) document.scrollingElement.scrollTop = top;
}

class Desk {
  constructor(root, component) {
    this.area = root.querySelector("textarea");
    this.line = root.querySelector(".state");
    this.keys = root.querySelector(".keys");
    this.sentNumber = 0;
    this.timer = null;
    this.firstUnsent = null;
    this.unheard = []; // texts that were sent, and of which the studio has not said that it has them
    this.take(component);
    this.area.addEventListener("input", () => this.typed());
    this.area.addEventListener("blur", () => this.send());
    this.area.addEventListener("keydown", (event) => this.pressed(event));
    this.leaving = () => this.send();
    document.addEventListener("visibilitychange", this.leaving);
    window.addEventListener("pagehide", this.leaving);
  }

  take(component) {
    this.data = component.data;
    this.setStateValue = component.setStateValue;
    this.setTriggerValue = component.setTriggerValue;
  }

  open(draft = readDraft(this.data.story)) {
    const { story, text, version, revision, session } = this.data;
    this.story = story;
    this.session = session;
    this.version = version;
    this.base = revision;
    this.unheard = [];
    this.area.value = this.sent = text;
    if (draft && draft.text !== text) this.recover(draft);
    else writeDraft(story, null);
    this.say();
    grow(this.area);
  }

  // A draft that never reached the studio. Made on the text as it is, or on one that this window
  // sent itself: take it. Made on an older text: hand it over to be kept as a revision, and leave
  // the newer text alone.
  recover(draft) {
    if (draft.base === this.data.revision || draft.unheard?.includes(this.data.text)) {
      this.area.value = draft.text;
      this.send();
    } else {
      this.setTriggerValue("stray", { story: this.story, text: draft.text });
      writeDraft(this.story, null);
    }
  }

  // The studio was started again, and knows nothing of what this page had sent to the one before.
  resume() {
    const { selectionStart, selectionEnd } = this.area;
    this.open({ text: this.area.value, base: this.base, unheard: this.unheard });
    this.area.setSelectionRange(selectionStart, selectionEnd);
  }

  // The studio put something into the text itself (a page that was kept, an old revision).
  changed() {
    const unsent = this.area.value !== this.sent;
    const { text } = this.data;
    const [from, to] = [this.area.selectionStart, this.area.selectionEnd];
    if (unsent && text.startsWith(this.sent)) {
      this.area.value += text.slice(this.sent.length);
    } else {
      if (unsent) this.setTriggerValue("stray", { story: this.story, text: this.area.value });
      this.area.value = text;
    }
    this.version = this.data.version;
    this.base = this.data.revision;
    this.sent = text;
    this.area.setSelectionRange(from, to);
    if (this.area.value !== text) this.send();
    else writeDraft(this.story, null);
    grow(this.area);
  }

  render() {
    const { story, session, version, seen, label, placeholder, language, keys } = this.data;
    this.area.setAttribute("aria-label", label);
    this.area.placeholder = placeholder;
    this.area.lang = language;
    this.keys.textContent = keys;
    if (story !== this.story) {
      if (this.story) this.send();
      this.open();
    } else if (session !== this.session) {
      this.resume();
    } else if (version !== this.version) {
      this.changed();
    }
    if (seen >= this.sentNumber) {
      this.base = this.data.revision;
      this.unheard = [];
      if (this.area.value === this.sent) writeDraft(this.story, null);
    }
    this.say();
  }

  say() {
    const { words } = this.data;
    const kept = this.area.value === this.sent && this.unheard.length === 0;
    const text = kept ? words.saved : words.saving;
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  typed() {
    const { base, unheard } = this;
    writeDraft(this.story, { text: this.area.value, base, unheard });
    grow(this.area);
    const now = Date.now();
    this.firstUnsent ??= now;
    clearTimeout(this.timer);
    const wait = Math.min(PAUSE, Math.max(0, this.firstUnsent + LONGEST - now));
    this.timer = setTimeout(() => this.send(), wait);
    this.say();
  }

  send() {
    clearTimeout(this.timer);
    this.firstUnsent = null;
    const text = this.area.value;
    if (text === this.sent) return;
    this.sent = text;
    this.unheard.push(text);
    this.sentNumber = Math.max(this.sentNumber, this.data.seen) + 1;
    this.setStateValue("text", {
      story: this.story,
      text,
      base: this.base,
      number: this.sentNumber,
    });
    this.say();
  }

  pressed(event) {
    if (event.isComposing) return; // the keys belong to the input method
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send();
      this.setTriggerValue("go", Date.now());
    } else if (event.key === "Escape") {
      this.setTriggerValue("halt", Date.now());
    }
  }

  close() {
    this.send();
    document.removeEventListener("visibilitychange", this.leaving);
    window.removeEventListener("pagehide", this.leaving);
  }
}

export default function (component) {
  const root = component.parentElement;
  let desk = desks.get(root);
  if (desk) {
    desk.take(component);
  } else {
    desk = new Desk(root, component);
    desks.set(root, desk);
  }
  desk.render();
  return () => {
    desk.close();
    desks.delete(root);
  };
}
