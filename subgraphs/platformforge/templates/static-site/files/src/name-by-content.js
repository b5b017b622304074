import { createHash } from 'node:crypto';

/** `style.css` becomes `style.1a2b3c4d5e.css`: other content has another name. */
export function nameByContent(file, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
  const dot = file.lastIndexOf('.');
  return dot > file.lastIndexOf('/') + 1 ? `${file.slice(0, dot)}.${hash}${file.slice(dot)}` : `${file}.${hash}`;
}
