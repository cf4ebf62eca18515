"""Small data files of every kind, made as other programs make them."""

import zipfile

import numpy as np

ROWS = 60


def columns():
    """Two dependent columns of numbers with many digits, and labels."""
    rng = np.random.default_rng(5)
    a = rng.normal(size=ROWS)
    return {"a": a, "b": a + rng.normal(size=ROWS), "k": np.where(a > 0, "up", "down")}


def as_text(table, separator=",", decimal=".", header=True):
    """The lines of a text file."""
    lines = [separator.join(table)] if header else []
    for row in zip(*table.values(), strict=True):
        cells = [
            repr(float(v)).replace(".", decimal) if isinstance(v, float) else str(v) for v in row
        ]
        lines.append(separator.join(cells))
    return "\n".join(lines) + "\n"


CONTENT = "http://schemas.openxmlformats.org"
MAIN = f"{CONTENT}/spreadsheetml/2006/main"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_xlsx(path, sheets):
    """An Excel file. sheets: name -> rows of numbers, booleans, texts and None."""

    def cell(value):
        if value is None:
            return "<c/>"
        if isinstance(value, bool):
            return f'<c t="b"><v>{int(value)}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value!r}</v></c>"

    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{CONTENT}/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/s{i}.xml" ContentType="{KIND}.worksheet+xml"/>'
            for i in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{CONTENT}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{CONTENT}/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" '
        f'xmlns:r="{CONTENT}/officeDocument/2006/relationships"><sheets>'
        + "".join(
            f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>'
            for i, n in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": "<Relationships "
        f'xmlns="{CONTENT}/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="r{i}" Type="{CONTENT}/officeDocument/2006/relationships/worksheet" '
            f'Target="worksheets/s{i}.xml"/>'
            for i in numbers
        )
        + "</Relationships>",
    }
    for i, rows in zip(numbers, sheets.values(), strict=True):
        body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/s{i}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
