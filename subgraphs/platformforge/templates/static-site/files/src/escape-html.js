const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand in an element or in a quoted attribute. */
export const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
