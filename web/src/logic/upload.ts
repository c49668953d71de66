// Files of a drop into requests the server accepts.

export interface Candidate {
  name: string;
  size: number;
}

export interface Limits {
  upload_bytes: number;
  request_bytes: number;
  pictures_per_request: number;
}

const kPicture = /\.(jpe?g|jfif|png|webp|gif|tiff?|bmp|avif|hei[cf])$/i;

/** What a folder holds beside pictures is left out by name; the server looks at the content. */
export function LooksLikePicture(name: string): boolean {
  return kPicture.test(name);
}

export interface Batches<T> {
  batches: T[][];
  too_large: T[];
}

/** In order, each batch within the server's limits; some bytes are kept for the multipart headers. */
export function MakeBatches<T extends Candidate>(files: readonly T[], limits: Limits): Batches<T> {
  const room = limits.request_bytes - 65536;
  const out: Batches<T> = { batches: [], too_large: [] };
  let batch: T[] = [];
  let bytes = 0;
  for (const file of files) {
    const own = file.size + 512 + file.name.length * 3;
    if (file.size > limits.upload_bytes || own > room) {
      out.too_large.push(file);
      continue;
    }
    if (batch.length > 0 && (batch.length >= limits.pictures_per_request || bytes + own > room)) {
      out.batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += own;
  }
  if (batch.length > 0) out.batches.push(batch);
  return out;
}
