import { ServiceError } from '../error.js';
import { MAX_FILE_BYTES } from './limits.js';
import { headerPosition } from './pdf/file.js';

export type FileType = 'pdf' | 'png' | 'jpeg';

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];

/**
 * What a file is, by its first bytes and never by its name. Says nothing about whether it is whole.
 * Throws ServiceError FILE_EMPTY, FILE_TOO_LARGE or FILE_TYPE_UNKNOWN.
 */
export function recognise(bytes: Uint8Array): FileType {
  if (bytes.length === 0) throw new ServiceError('FILE_EMPTY', 'The file is empty.');
  if (bytes.length > MAX_FILE_BYTES) {
    throw new ServiceError('FILE_TOO_LARGE', `The file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`);
  }
  const beginsWith = (magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  if (beginsWith(PNG)) return 'png';
  if (beginsWith(JPEG)) return 'jpeg';
  if (headerPosition(bytes) !== undefined) return 'pdf';
  throw new ServiceError('FILE_TYPE_UNKNOWN', 'The file is neither a PDF nor a PNG nor a JPEG picture.');
}
