"""Paths as they are, of `tenor run --dump-paths`."""
import importlib.util

import xarray

from .results import NotAResult, check

BLOCK = 512  # paths of a chunk of the file


def open_paths(path) -> xarray.Dataset:
    """The dump at `path` (OUT.paths.nc) as an xarray Dataset whose values are read when they are used: every metric of every
    path, dimension `path` first, then time (quarter ends), month or contract_year, then customer, constraint or regime. Money is
    in billion USD, capacity in GW; a date that never comes is inf. Coordinate `path` counts from the first path of the file.

    With dask installed the arrays are dask's, in chunks of the file's blocks, so that dumps larger than memory can be reduced;
    without it they are read whole, one variable at a time. The file stays open until the Dataset is closed (it is a context
    manager). Raises FileNotFoundError, PermissionError or NotAResult.
    """
    check(path)
    chunks = {"path": BLOCK} if importlib.util.find_spec("dask") else None
    try:
        data = xarray.open_dataset(path, engine="netcdf4", decode_timedelta=False, chunks=chunks)
    except (OSError, ValueError, RuntimeError) as error:
        raise NotAResult(f"{path}: not paths of tenor ({error})") from error
    if "path" not in data.dims or "first_path" not in data.attrs:
        data.close()
        raise NotAResult(f"{path}: not paths of tenor (no dimension path); results are opened by tenor_post.open")
    first = int(data.attrs["first_path"])
    names = {name: values.astype(str) for name, values in data.coords.items() if values.dtype.kind == "S"}
    return data.assign_coords(names, path=range(first, first + data.sizes["path"]))
