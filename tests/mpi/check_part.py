"""Reads part files of tests/mpi/sample.h with h5py, and with anndata if it is there, and compares
every value with the functions of the row number that the sample is made of.

usage: check_part.py ROWS FILE...     exit 77: no h5py
"""
import json
import sys

try:
    import h5py
    import numpy as np
except ImportError:
    sys.exit(77)

ROWS = int(sys.argv[1])
CITIES = ["Paris", "Zürich", "", "Rome", "Oslo"]
NAMES = ["flag", "flag_null", "i32", "i32_null", "i64", "i64_null", "f32", "f64", "f64_null", "day",
         "day_null", "time", "time_null", "city", "city_null", "coded", "code", "a/b", "words",
         "words_null", "dense", "dense_null", "sparse", "mixed"]
row = np.arange(ROWS)


def null(name):
    return (row * 7 + NAMES.index(name)) % 11 == 0


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def texts(dataset):
    return [text(v) for v in dataset[...]]


def same(found, expected, what):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (what, found.shape, expected.shape)
    good = found == expected
    if found.dtype.kind == "f":
        good |= np.isnan(found) & np.isnan(expected.astype(found.dtype))
    assert good.all(), (what, found[~good][:5], expected[~good][:5])


def nullable(group, name, values):
    mask = null(name)
    same(group["mask"][...], mask, name)
    same(group["values"][...][~mask], values[~mask], name)
    assert (group["values"][...][mask] == 0).all()


def beside(obs, name, values, nothing):
    mask = null(name)
    same(obs[name + ".__mask__"][...], mask, name)
    same(obs[name][...], np.where(mask, nothing, values), name)


def categorical(group, name, values, mask):
    categories = texts(group["categories"])
    assert categories == sorted(categories), categories
    codes = group["codes"][...]
    same(codes == -1, mask, name)
    assert all(categories[c] == v for c, v, m in zip(codes, values, mask) if not m), name


def dense_matrix(width, name):
    out = np.zeros((ROWS, width))
    for j in range(width):
        hit = j % 500 == row % 500
        out[hit, j] = (row + j)[hit]
    if name in ("dense_null", "mixed"):
        out[null(name)] = 0
    return out


def check_h5py(path):
    with h5py.File(path, "r", locking=False) if h5py.__version__ >= "3.5" else h5py.File(path) as f:
        obs, obsm, fs = f["obs"], f["obsm"], f["uns/fs"]
        none = np.zeros(ROWS, bool)
        assert dict(f.attrs) == {"encoding-type": "anndata", "encoding-version": "0.1.0"}
        schema = json.loads(text(fs["schema"][()]))
        assert schema["rows"] == ROWS and [c["name"] for c in schema["columns"]] == NAMES
        same(obs["_index"][...], row, "index")
        i64 = row * 10000000019 - 5
        time = 1700000000000000000 + row * 1000000007
        f64 = np.where(row % 17 == 5, np.nan, row / 8)
        assert obs["flag"].dtype == np.bool_
        same(obs["flag"][...], row % 3 == 0, "flag")
        nullable(obs["flag_null"], "flag_null", row % 3 == 0)
        same(obs["i32"][...], row * 3 - 100, "i32")
        nullable(obs["i32_null"], "i32_null", row * 3 - 100)
        same(obs["i64"][...], i64, "i64")
        nullable(obs["i64_null"], "i64_null", i64)
        same(obs["f32"][...], (row / 4).astype("f4"), "f32")
        same(obs["f64"][...], f64, "f64")
        beside(obs, "f64_null", f64, np.nan)
        same(obs["day"][...], row % 20000, "day")
        assert obs["day"].attrs["logical-type"] == "date"
        nullable(obs["day_null"], "day_null", row % 20000)
        same(obs["time"][...], time, "time")
        assert obs["time"].attrs["logical-type"] == "timestamp[ns, UTC]"
        beside(obs, "time_null", time, np.iinfo("i8").min)
        assert (np.isnat(obs["time_null"][...].view("M8[ns]")) == null("time_null")).all()
        city = [CITIES[r * 13 % 5] for r in range(ROWS)]
        categorical(obs["city"], "city", city, none)
        categorical(obs["city_null"], "city_null", city, null("city_null"))
        coded = [CITIES[(r % 5) * 13 % 5] for r in range(ROWS)]
        categorical(obs["coded"], "coded", coded, null("coded"))
        assert "unused" not in texts(obs["coded/categories"])
        assert texts(obs["code"]) == [f"r{r}" for r in range(ROWS)]
        long = ["" if r % 9 == 0 else f"{r:0{65 + r % 50}d}" for r in range(ROWS)]
        assert texts(obs["a\u2215b"]) == long
        for name in ("words", "words_null"):
            group = fs["lists"][name]
            mask = null(name) if name == "words_null" else none
            items = group["items"]
            categories = texts(items["categories"])
            items = [categories[c] for c in items["codes"][...]]
            offsets = group["offsets"][...]
            for r in range(ROWS):
                expected = [] if mask[r] else [f"w{(r + k) % 100}" for k in range(r % 4)]
                assert items[offsets[r]:offsets[r + 1]] == expected, (name, r)
        same(obsm["dense"][...], dense_matrix(3, "dense"), "dense")
        same(obsm["dense_null"][...], dense_matrix(3, "dense_null"), "dense_null")
        for name in ("sparse", "mixed"):
            group = obsm[name]
            assert list(group.attrs["shape"]) == [ROWS, 1000] and group["indptr"].dtype == np.int64
            full = np.zeros((ROWS, 1000))
            rows = np.repeat(row, np.diff(group["indptr"][...]))
            full[rows, group["indices"][...]] = group["data"][...]
            same(full, dense_matrix(1000, name), name)


def check_anndata(path):
    import warnings
    warnings.simplefilter("ignore")
    import anndata
    a = anndata.read_h5ad(path)
    assert a.n_obs == ROWS and a.n_vars == 0, a
    assert list(a.obs.columns) == [n.replace("/", "\u2215") for n in NAMES
                                   if n not in ("words", "words_null", "dense", "dense_null",
                                                "sparse", "mixed")]
    assert (a.obs["i64"].to_numpy() == row * 10000000019 - 5).all()
    assert (a.obs["i32_null"].isna() == null("i32_null")).all()
    assert (a.obs["flag_null"].isna() == null("flag_null")).all()
    assert list(a.obs["code"][:3]) == ["r0", "r1", "r2"]
    assert (a.obs["city_null"].isna() == null("city_null")).all()
    assert a.obs["city"].dtype.name == "category"
    assert (a.obsm["dense"] == dense_matrix(3, "dense")).all()
    assert (a.obsm["sparse"].toarray() == dense_matrix(1000, "sparse")).all()
    assert "schema" in a.uns["fs"]


for name in sys.argv[2:]:
    check_h5py(name)
    try:
        import anndata  # noqa: F401
    except ImportError:
        continue
    check_anndata(name)
    print("anndata read", name)
