"""XDMF: written by VTK's own writer (values in the XML), and as other programs do, with h5py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from vtkmodules.vtkIOXdmf2 import vtkXdmfWriter

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

GRID = """<Grid Name="box" GridType="Uniform"><Time Value="{time}"/>
<Topology TopologyType="Hexahedron" NumberOfElements="6"><DataItem Dimensions="6 8" NumberType="Int" Precision="8"
 Format="HDF">run.h5:/cells</DataItem></Topology>
<Geometry GeometryType="XYZ"><DataItem Dimensions="24 3" Precision="8" Format="HDF">run.h5:/nodes</DataItem></Geometry>
<Attribute Name="T" AttributeType="Scalar" Center="Node"><DataItem Dimensions="24" Precision="8" Format="HDF">
 run.h5:/{step}/T</DataItem></Attribute>
<Attribute Name="U" AttributeType="Vector" Center="Node"><DataItem Dimensions="24 3" Precision="8" Format="HDF">
 run.h5:/{step}/U</DataItem></Attribute>
<Attribute Name="rho" AttributeType="Scalar" Center="Cell"><DataItem Dimensions="6" Precision="8" Format="HDF">
 run.h5:/{step}/rho</DataItem></Attribute></Grid>"""


@pytest.fixture
def file(tmp_path: Path, box: SimpleNamespace) -> Path:
    with h5py.File(tmp_path / "run.h5", "w") as values:
        values["nodes"], values["cells"] = (
            box.block(2.0, 0.0).points,
            box.block(2.0, 0.0).cells_dict[12],
        )
        for step, time in enumerate(box.times):
            block = box.block(2.0, time)
            values[f"{step}/T"], values[f"{step}/U"] = np.array(block["T"]), np.array(block["U"])
            values[f"{step}/rho"] = np.array(block["rho"])
    grids = "".join(GRID.format(step=step, time=time) for step, time in enumerate(box.times))
    (tmp_path / "run.xdmf").write_text(
        f'<?xml version="1.0"?><Xdmf Version="3.0" xmlns:xi="http://www.w3.org/2001/XInclude"><Domain>'
        f'<Grid GridType="Collection" CollectionType="Temporal">{grids}</Grid></Domain></Xdmf>'
    )
    return tmp_path / "run.xdmf"


def test_all_times_with_values_in_hdf5(file: Path, box: SimpleNamespace) -> None:
    source = open_runs(file)
    assert source.companions["variables"].tolist() == ["T", "U_x", "U_y", "U_z", "rho"]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        np.testing.assert_allclose(
            source.run(0)[step], box.expected(2.0, time), rtol=1e-6, atol=1e-7
        )
    box.assert_mesh(source)


def test_all_times_with_values_in_the_xml(tmp_path: Path, box: SimpleNamespace) -> None:
    writer = vtkXdmfWriter()
    writer.SetFileName(str(tmp_path / "run.xmf"))
    transient = box.transient(lambda time: box.block(2.0, time), "vtkUnstructuredGrid")
    writer.SetInputConnection(transient.GetOutputPort())
    writer.SetWriteAllTimeSteps(True)
    writer.Write()
    source = open_runs(tmp_path)
    names = source.companions["variables"].tolist()
    columns = [names.index(name) for name in ("T", "U_x", "U_y", "U_z", "rho")]
    for step, time in enumerate(box.times):
        values = source.run(0)[step][:, columns]
        np.testing.assert_allclose(
            values, box.expected(2.0, time), rtol=1e-5, atol=1e-5
        )  # it writes six digits


@pytest.mark.parametrize("name", ["run.xdmf", "run.h5"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named(file: Path, name: str, kept: float) -> None:
    damaged = file.with_name(name)
    damaged.write_bytes(damaged.read_bytes()[: int(kept * damaged.stat().st_size)])
    with pytest.raises(UserError, match=name):
        open_runs(file)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("run.h5:/1/T", "../secret.h5:/T", "outside of its folder"),
        ('Format="HDF">\n run.h5:/1/T', 'Format="Binary">/etc/passwd', "outside of its folder"),
        ("<Domain>", '<Domain><xi:include href="../secret.xml"/>', "outside of its folder"),
        ("<Domain>", '<Domain><xi:include href="more.xml"/>', "outside of its folder"),
        ("<Domain>", '<Domain><xi:include href="file:///etc/passwd"/>', "only plain names"),
        ("<Domain>", '<Domain><xi:include href="%2e%2e/secret.xml"/>', "only plain names"),
        ("<Domain>", '<Domain xml:base="../">', "xml:base"),
        ("run.h5:/1/T", "FILE:../secret.h5:/T", "names no values"),
        ("run.h5:/1/T", "run.h5<!-- -->:/1/T", "something else within the name"),
        ('Format="HDF">\n run.h5:/1/T', 'Format="MySQL">host', "format MYSQL"),
        ("run.h5:/1/T", "gone.h5:/1/T", "gone.h5, which is not there"),
        ("run.h5:/1/T", "run.h5:/1/gone", "/1/gone"),
        ("<Xdmf", '<!DOCTYPE Xdmf [<!ENTITY e SYSTEM "/etc/passwd">]><Xdmf', "entities"),
    ],
)
def test_what_is_elsewhere_is_not_read(file: Path, old: str, new: str, told: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    file.with_name("more.xml").write_text(
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="../secret.xml"/></a>'
    )
    with pytest.raises(UserError, match=told):
        open_runs(file)


def test_links_of_its_values_are_not_followed(file: Path) -> None:
    with h5py.File(file.with_name("run.h5"), "r+") as values:
        del values["1/T"]
        values["1/T"] = h5py.ExternalLink("secret.h5", "/T")
    with pytest.raises(UserError, match="a link to another file"):
        open_runs(file)


MESH = """<Grid Name="mesh" GridType="Uniform">
<Topology TopologyType="Hexahedron" NumberOfElements="6" NodesPerElement="8"><DataItem Dimensions="6 8" NumberType="Int"
 Precision="8" Format="HDF">run.h5:/cells</DataItem></Topology>
<Geometry GeometryType="XYZ"><DataItem Dimensions="24 3" Precision="8" Format="HDF">run.h5:/nodes</DataItem></Geometry></Grid>"""
STEP = """<Grid Name="{name}" GridType="Uniform">{mesh}<Time Value="{time}"/>
<Attribute Name="{name}" AttributeType="{kind}" Center="Node"><DataItem Dimensions="{size}" Precision="8" Format="HDF">
 run.h5:/{step}/{name}</DataItem></Attribute></Grid>"""
ALL = "*[self::Topology or self::Geometry]"


def _include(path: str) -> str:
    return f'<xi:include xpointer="xpointer({path})"/>'


def _collection(name: str, times: tuple[float, ...], mesh: str, first: str | None = None) -> str:
    kind, size = ("Scalar", "24 1") if name == "T" else ("Vector", "24 3")
    grids = ""
    for step, time in enumerate(times):
        own = first if step == 0 and first is not None else mesh
        grids += STEP.format(name=name, mesh=own, time=time, kind=kind, size=size, step=step)
    return f'<Grid Name="{name}" GridType="Collection" CollectionType="Temporal">{grids}</Grid>'


def _rewritten(file: Path, content: str, space: str) -> None:
    file.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>\n'
        f'<Xdmf Version="3.0" xmlns:xi="{space}"><Domain>{content}</Domain></Xdmf>'
    )


@pytest.mark.parametrize(
    "space",
    [
        "http://www.w3.org/2001/XInclude",
        "https://www.w3.org/2001/XInclude",
        "https://www.w3.org/2001/XInclude/",
        "http://www.w3.org/2003/XInclude",
    ],
)
@pytest.mark.parametrize(
    "pointer",
    [
        f"/Xdmf/Domain/Grid[@GridType='Uniform'][1]/{ALL}",
        f'//Grid[@Name="mesh"]/{ALL}'.replace('"', "&quot;"),
    ],
)
def test_a_mesh_that_is_included(
    file: Path, box: SimpleNamespace, space: str, pointer: str
) -> None:
    _rewritten(file, MESH + _collection("T", box.times, _include(pointer)), space)
    source = open_runs(file)
    assert source.companions["variables"].tolist() == ["T"]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        np.testing.assert_array_equal(
            source.run(0)[step, :, 0], np.array(box.block(2.0, time)["T"], np.float32)
        )
    box.assert_mesh(source)


def test_a_mesh_at_the_first_timestep_alone(file: Path, box: SimpleNamespace) -> None:
    inside = MESH.partition(">")[2].rpartition("</Grid>")[0]
    _rewritten(file, _collection("T", box.times, "", inside), "http://www.w3.org/2001/XInclude")
    source = open_runs(file)
    assert source.shape == (1, 3, 24, 1)
    box.assert_mesh(source)


@pytest.mark.parametrize("pointer", ["", f' xpointer="xpointer(/Xdmf/Grid/{ALL})"'])
def test_a_mesh_in_another_file(file: Path, box: SimpleNamespace, pointer: str) -> None:
    include = f'<xi:include href="mesh.xml"{pointer}/>'
    file.with_name("mesh.xml").write_text(f"<Xdmf>{MESH}</Xdmf>")
    if not pointer:
        inside = MESH.partition(">")[2].rpartition("</Grid>")[0]
        topology, _, geometry = inside.partition("<Geometry")
        file.with_name("mesh.xml").write_text(topology.strip())
        file.with_name("nodes.xml").write_text("<Geometry" + geometry)
        include += '<xi:include href="nodes.xml"/>'
    _rewritten(file, _collection("T", box.times, include), "http://www.w3.org/2001/XInclude")
    source = open_runs(file)
    assert source.shape == (1, 3, 24, 1)
    box.assert_mesh(source)


def test_functions_on_one_mesh_are_taken_together(file: Path, box: SimpleNamespace) -> None:
    mesh = _include(f"/Xdmf/Domain/Grid/{ALL}")
    both = _collection("T", box.times, mesh) + _collection("U", box.times, mesh)
    _rewritten(file, MESH + both, "https://www.w3.org/2001/XInclude")
    source = open_runs(file)
    assert source.shape == (1, 3, 24, 4)
    np.testing.assert_allclose(
        source.run(0)[2], box.expected(2.0, box.times[2])[:, :4], rtol=1e-6, atol=1e-7
    )
    assert any("'T', 'U' are taken together" in note for note in source.notes)


def test_a_restart_counts_from_where_it_begins(file: Path, box: SimpleNamespace) -> None:
    times = (0.0, 0.5, 0.5)
    _rewritten(
        file,
        MESH + _collection("T", times, _include(f"//Grid[@Name=&quot;mesh&quot;]/{ALL}")),
        "https://www.w3.org/2001/XInclude",
    )
    source = open_runs(file)
    assert source.companions["times"].tolist() == [0.0, 0.5]
    np.testing.assert_array_equal(
        source.run(0)[1, :, 0], box.block(2.0, box.times[2])["T"].astype(np.float32)
    )
    assert any("the later one counts, at '0.5'" in note for note in source.notes)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no grids"),
        (
            _collection("T", (0.0,), _include("/Xdmf/Nothing/*")),
            "includes .*, which names no mesh in the file",
        ),
        (MESH + _include("/Xdmf/Domain") * 9, "includes .*, which includes others itself"),
        (
            MESH.replace(
                "</Grid>", '<Attribute Name="u" ItemType="FiniteElementFunction"/></Grid>'
            ),
            "'u' is a checkpoint of FEniCS",
        ),
    ],
)
def test_content_that_is_not_read(file: Path, content: str, told: str) -> None:
    _rewritten(file, content, "https://www.w3.org/2001/XInclude")
    for _ in range(2):
        with pytest.raises(UserError, match=rf"run\.xdmf: {told}"):
            open_runs(file)


def test_a_time_that_is_no_number_names_the_file(file: Path) -> None:
    file.write_text(file.read_text().replace('Time Value="0.5"', 'Time Value="soon"'))
    with pytest.raises(UserError, match=r"run\.xdmf: cannot be read: ValueError: .*'soon'"):
        open_runs(file)


def test_a_block_that_is_not_there(file: Path) -> None:
    with pytest.raises(UserError, match=r"run\.xdmf: has no blocks to choose from"):
        open_runs(file, RunPart(blocks=("a",)))
