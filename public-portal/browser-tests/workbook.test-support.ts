import { BlobWriter, TextReader, ZipWriter } from '@zip.js/zip.js';

/** An Excel workbook of one sheet, its cells as text (ECMA-376, as little of it as table programs open). */
export async function workbookOf(rows: readonly (readonly string[])[]): Promise<Buffer> {
  const zip = new ZipWriter(new BlobWriter());
  const parts = {
    '[Content_Types].xml':
      `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/>` +
      `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/></Types>`,
    '_rels/.rels': relation('officeDocument', 'xl/workbook.xml'),
    'xl/_rels/workbook.xml.rels': relation('worksheet', 'worksheets/sheet1.xml'),
    'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="r"/></sheets></workbook>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${MAIN}"><sheetData>${rows.map(rowOf).join('')}</sheetData></worksheet>`,
  };
  for (const [name, content] of Object.entries(parts)) await zip.add(name, new TextReader(XML + content));
  return Buffer.from(await (await zip.close()).arrayBuffer());
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const SCHEMAS = 'http://schemas.openxmlformats.org';
const PACKAGE = `${SCHEMAS}/package/2006`;
const OFFICE = `${SCHEMAS}/officeDocument/2006`;
const MAIN = `${SCHEMAS}/spreadsheetml/2006/main`;
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

function relation(type: string, target: string): string {
  return `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r" Type="${OFFICE}/relationships/${type}" Target="${target}"/></Relationships>`;
}

function rowOf(cells: readonly string[], index: number): string {
  const inside = cells.map(
    (text, column) =>
      `<c r="${String.fromCharCode(65 + column)}${index + 1}" t="inlineStr"><is><t>${text}</t></is></c>`,
  );
  return `<row r="${index + 1}">${inside.join('')}</row>`;
}
