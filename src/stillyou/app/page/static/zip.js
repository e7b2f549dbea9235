// A ZIP file of stored (not compressed) files: pictures are compressed already.

import { crc32 } from "./png.js";

const UTF8 = 0x0800;

function record(fields) {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += size;
  }
  return bytes;
}

/** The most that one ZIP file holds here: the format itself ends at 4 GB, and browsers like less. */
const MOST_BYTES = 2e9;

/** Divide files ({name, blob}) in their order into as few parts as each fit into one ZIP file. */
export function portions(files, most = MOST_BYTES) {
  const parts = [];
  let left = 0;
  for (const file of files) {
    if (!parts.length || file.blob.size > left) {
      parts.push([]);
      left = most;
    }
    parts.at(-1).push(file);
    left -= file.blob.size;
  }
  return parts;
}

/** Put files ({name, blob}) into one ZIP blob; equal names get a number. */
export async function zip(files) {
  const parts = [];
  const directory = [];
  const names = new Set();
  let offset = 0;
  for (const file of files) {
    const name = new TextEncoder().encode(unused(file.name, names));
    const crc = crc32(new Uint8Array(await file.blob.arrayBuffer()));
    const common = [[2, UTF8], [2, 0], [2, 0], [2, 0x21], [4, crc], [4, file.blob.size], [4, file.blob.size], [2, name.length]];
    const local = record([[4, 0x04034b50], [2, 20], ...common, [2, 0]]);
    directory.push(record([[4, 0x02014b50], [2, 20], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), name);
    parts.push(local, name, file.blob);
    offset += local.length + name.length + file.blob.size;
  }
  const size = directory.reduce((sum, each) => sum + each.length, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function unused(name, names) {
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let free = name;
  for (let n = 2; names.has(free); n++) free = `${stem}-${n}${ending}`;
  names.add(free);
  return free;
}
