"""Reads columns of parquet, feather and Arrow files."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..memory import check_memory
from .reading import ColumnError, ReadAs, named, without_rows
from .sources import Source

INDEX = re.compile(r"__index_level_\d+__")  # pandas' name for an index without a name
BYTES_OF_VALUE = 16  # of a number in memory, with a copy


def _opened(source: Source) -> Any:
    """A file of Arrow's own. Its threads must not need Python, which may end before they do."""
    import pyarrow as pa

    if source.given is None and not source.compression:
        return pa.OSFile(str(source.path))
    with source.seekable() as file:
        return pa.BufferReader(file.read())


class ParquetTable:
    """The columns of a parquet file: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        import pyarrow.parquet as pq

        self.source, self.read_as, self.decimal = source, list[str](), told.decimal or "."
        with _opened(source) as opened, pq.ParquetFile(opened) as file:
            self.schema, rows = file.schema_arrow, file.metadata.num_rows
        self.names, self.unnamed = named(source, self.schema.names)
        self.unnamed |= {name for name in self.names if INDEX.fullmatch(name)}
        if rows == 0:
            raise without_rows(source, self.names)

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The columns as pandas' Series, or as arrays (n, d) where a value is a list."""
        import pyarrow.parquet as pq

        position = {name: i for i, name in enumerate(self.names)}
        stored = {name: self.schema.names[position[name]] for name in names}
        with _opened(self.source) as opened, pq.ParquetFile(opened) as file:
            self._check_size(file, list(stored.values()))
            table = file.read(columns=list(stored.values()))
        categories = _categories(self.schema)
        return {
            name: from_arrow(table.column(stored[name]), name, stored[name] in categories)
            for name in names
        }

    def _check_size(self, file: Any, names: list[str]) -> None:
        """Refuse what its own description says is too large. Few bytes can hold a billion rows."""
        starts = tuple(f"{name}." for name in names)
        numbers = [
            number
            for number in range(file.metadata.num_columns)
            if f"{file.schema.column(number).path}.".startswith(starts)
        ]
        size = 0
        for group in range(file.metadata.num_row_groups):
            # Arrow ends the process if the description of a column contradicts itself and is read
            # as below. Reading one row first raises an exception instead.
            next(file.iter_batches(1, [group], names, use_threads=False), None)
            for number in numbers:
                chunk = file.metadata.row_group(group).column(number)
                size += BYTES_OF_VALUE * chunk.num_values + chunk.total_uncompressed_size
        check_memory(size, str(self.source))


class FeatherTable:
    """The columns of a feather or Arrow file: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        self.source, self.read_as, self.decimal = source, list[str](), told.decimal or "."
        with _opened(source) as opened, _open_ipc(opened) as file:
            self.schema = file.schema
        self.names, self.unnamed = named(source, self.schema.names)
        self.unnamed |= {name for name in self.names if INDEX.fullmatch(name)}

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The columns as pandas' Series, or as arrays (n, d) where a value is a list."""
        import pyarrow as pa

        position = {name: i for i, name in enumerate(self.names)}
        wanted = sorted({position[name] for name in names})
        self._check_size(len(wanted))
        with _opened(self.source) as opened:
            options = pa.ipc.IpcReadOptions(included_fields=wanted)
            with _open_ipc(opened, options) as file:
                batches, size = [], 0
                for batch in _batches(file):
                    batch.validate(full=True)  # places outside the data would end the process
                    batches.append(batch)
                    size += 3 * batch.nbytes + BYTES_OF_VALUE * batch.num_rows * len(wanted)
                    check_memory(size, str(self.source))
        if not sum(batch.num_rows for batch in batches):
            raise without_rows(self.source, self.names)
        table = pa.Table.from_batches(batches)
        columns = {i: table.column(place) for place, i in enumerate(wanted)}
        return {name: from_arrow(columns[position[name]], name) for name in names}

    def _check_size(self, columns: int) -> None:
        """Refuse more rows than the memory holds, before any is unpacked."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        try:
            with _opened(self.source) as opened:
                rows = ds.IpcFileFormat().make_fragment(opened).count_rows()
        except pa.ArrowInvalid:  # a stream, or feather's first version: checked part by part
            return
        check_memory(BYTES_OF_VALUE * rows * columns, str(self.source))


def _open_ipc(opened: Any, options: Any = None) -> Any:
    """A reader of an Arrow file; or of an Arrow stream, which has no index of its parts."""
    import pyarrow as pa

    try:
        return pa.ipc.open_file(opened, options=options)
    except pa.ArrowInvalid:
        opened.seek(0)
        return pa.ipc.open_stream(opened, options=options)


def _batches(file: Any) -> Any:
    if hasattr(file, "num_record_batches"):
        return (file.get_batch(i) for i in range(file.num_record_batches))
    return iter(file)


def _categories(schema: Any) -> set[str]:
    """The columns that were categories in pandas. Parquet itself forgets it of whole numbers."""
    about = schema.pandas_metadata or {}
    columns = about.get("columns", [])
    return {c.get("field_name") for c in columns if c.get("pandas_type") == "categorical"}


def from_arrow(column: Any, name: str, category: bool = False) -> Any:
    """A column of Arrow as a Series, or as an array (n, d) if each value is a list of d numbers.

    category: whether it held categories, whatever its type says.

    Raises ColumnError for values that are neither numbers, labels, times nor such lists.
    """
    import pandas as pd
    import pyarrow as pa

    kind, types = column.type, pa.types
    nullable = {
        **{getattr(pa, f"int{b}")(): getattr(pd, f"Int{b}Dtype")() for b in (8, 16, 32, 64)},
        **{getattr(pa, f"uint{b}")(): getattr(pd, f"UInt{b}Dtype")() for b in (8, 16, 32, 64)},
        pa.bool_(): pd.BooleanDtype(),
    }
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _as_vectors(column, name)
    if types.is_struct(kind) or types.is_map(kind) or types.is_union(kind):
        raise ColumnError(
            f"column {name!r} holds records ({kind}): store each of their fields as a column"
        )
    if types.is_time(kind):
        unit = kind.unit
        whole = column.cast(pa.int64() if kind.bit_width == 64 else pa.int32()).cast(pa.int64())
        return whole.to_pandas(types_mapper=nullable.get) / _PER_SECOND[unit]
    if types.is_date(kind):
        return column.cast(pa.timestamp("s")).to_pandas()
    if types.is_float16(kind):
        column = column.cast(pa.float32())
    series = column.to_pandas(types_mapper=nullable.get)
    return series.astype("category") if category else series


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _as_vectors(column: Any, name: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    lengths = set(pc.list_value_length(values).drop_null().unique().to_pylist())
    if len(lengths) != 1:
        shown = ", ".join(map(str, sorted(lengths)[:5])) or "none"
        raise ColumnError(
            f"column {name!r} holds lists of different lengths ({shown}): a vector needs the same "
            "length in every row"
        )
    (width,) = lengths
    kind = values.type.value_type
    if width == 0 or not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    ):
        raise ColumnError(
            f"column {name!r} holds lists of {kind if width else 'no'} values: a vector needs "
            "numbers, so store each place of the list as a column"
        )
    flat = values.drop_null().flatten().cast(pa.float64(), safe=False)
    matrix = np.full((len(values), width), np.nan)
    present = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    matrix[present] = flat.to_numpy(zero_copy_only=False).reshape(-1, width)
    return matrix
