from functools import reduce
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, SettingsNote
from simulgenvae.settings.classic.condition_file import read_condition_file
from simulgenvae.settings.classic.condition_keys import OLD_KEYS
from simulgenvae.settings.raw import validate

REAL_FILE = """Common params
Dim1\t\t484 # number of parameters
Dim2\t\t200 # number of timesteps
Dim3\t\t95008 # num nodes
num_var 1
RESERVED\t0
RESERVED\t0
RESERVED\t0
'
%LSH-VAE parameters  10002
Training_epochs\t10002
Batch_size\t16
LearningR\t0.0005
Latent_dim\t8\t# Hierarchical latent Dim1
Latent_dim_end\t32 # Main latent Dim1
Loss_type\t1\t# 1: MSE, 2, MAE
Stretch\t0
RESERVED\t0
alpha\t\t1000
num_aug_f\t0
num_aug_a\t0
rec_graph\t0
Recon_iter\t1
% For shortend_dataset(GPU_RAM_OUT)
Dim2_red\t\t200
Dim3_red\t\t95008
'
%LatentConditioner
num_param\t1
n_sample\t484
param_dir\t/images
n_epoch\t20000
latent_conditioner_lr\t0.0001
latent_conditioner_batch\t16
latent_conditioner_weight_decay\t1e-5
latent_conditioner_dropout_rate\t0.2
input_type\timage\t#image, csvs, image_vit
param_data_type .png
"""


def read(folder: Path, text: str | bytes) -> Settings:
    file = folder / "condition.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return validate(read_condition_file(file))


def test_a_real_file_with_a_table(tmp_path: Path) -> None:
    text = REAL_FILE.replace("input_type\timage", "input_type\tcsvs").replace(".png", ".CSV")
    with pytest.warns(SettingsNote) as notes:
        settings = read(tmp_path, text)
    assert (
        settings.data.runs,
        settings.data.timesteps,
        settings.data.nodes,
        settings.data.variables,
    ) == (
        484,
        200,
        95008,
        1,
    )
    assert settings.data.first_timesteps == 200
    assert settings.data.parameters == "/images"
    assert (settings.model.hierarchical_dim, settings.model.latent_dim) == (8, 32)
    assert settings.model.decoder == Settings().model.decoder
    assert (settings.training.loss, settings.training.alpha) == ("mse", 1000.0)
    vae, conditioner, end_to_end = (
        settings.training.vae,
        settings.training.conditioner,
        settings.training.end_to_end,
    )
    assert (vae.epochs, vae.batch_size, vae.learning_rate) == (10002, 16, 0.0005)
    for stage in (conditioner, end_to_end):
        assert (stage.epochs, stage.batch_size, stage.learning_rate, stage.weight_decay) == (
            20000,
            16,
            1e-4,
            1e-5,
        )
    assert settings.conditioner.dropout == 0.2
    said = [str(note.message) for note in notes]
    unused = [
        "Stretch",
        "num_aug_f",
        "num_aug_a",
        "rec_graph",
        "Recon_iter",
        "Dim3_red",
        "num_param",
        "n_sample",
    ]
    assert [note.split(": ")[1] for note in said] == [f"{key} is not used" for key in unused]
    assert f"{tmp_path / 'condition.txt'}, line 17: Stretch" in said[0]


@pytest.mark.filterwarnings("ignore::simulgenvae.settings.SettingsNote")
@pytest.mark.parametrize(
    ("input_type", "kind"), [("image", "cnn"), ("image_vit", "vit"), ("IMAGE", "cnn")]
)
def test_a_real_file_with_images(tmp_path: Path, input_type: str, kind: str) -> None:
    settings = read(tmp_path, REAL_FILE.replace("input_type\timage", f"input_type {input_type}"))
    assert settings.conditioner.kind == kind
    assert (settings.data.images, settings.data.parameters, settings.data.file_type) == (
        "/images",
        None,
        ".png",
    )
    assert settings.data.image_endings == (".png",)


def test_the_folder_holds_what_the_type_of_its_files_says_where_there_is_no_input_type(
    tmp_path: Path,
) -> None:
    data = read(tmp_path, "param_dir /x\nparam_data_type .JPG").data
    assert (data.images, data.parameters, data.file_type) == ("/x", None, ".jpg")
    for more in ("", "param_data_type csv", "input_type csv"):
        data = read(tmp_path, f"param_dir /x\n{more}").data
        assert (data.images, data.parameters) == (None, "/x")


@pytest.mark.parametrize(
    ("kind", "ending", "wanted"),
    [
        ("image", ".csv", ".png, .jpg, .jpeg"),
        ("image_vit", "CSV", ".png"),
        ("csv", ".png", ".csv"),
        ("csvs", "jpeg", ".csv"),
    ],
)
def test_a_kind_and_files_of_another_are_one_mistake_with_both_lines(
    tmp_path: Path, kind: str, ending: str, wanted: str
) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, f"alpha 3\ninput_type {kind}\nparam_dir /x\nparam_data_type {ending}\n")
    message = str(error.value)
    assert "\n" not in message
    assert message.count(str(tmp_path / "condition.txt")) == 2
    for text in (
        "line 2",
        "line 4",
        "param_data_type",
        f"input_type {kind.removesuffix('s')}",
        wanted,
    ):
        assert text in message


def test_every_way_to_write_a_line(tmp_path: Path) -> None:
    lines = [
        "\ufeffDim1: 3",
        "Dim2 4",
        "Dim3\t5",
        "num_var = 6",
        "alpha:7",
        "LearningR=1e-3# fast",
        "  Batch_size :  8 'x",
    ]
    settings = read(tmp_path, "\r\n".join(lines))
    data = settings.data
    assert (data.runs, data.timesteps, data.nodes, data.variables) == (3, 4, 5, 6)
    assert (
        settings.training.alpha,
        settings.training.vae.learning_rate,
        settings.training.vae.batch_size,
    ) == (
        7,
        1e-3,
        8,
    )


def test_values_may_hold_separators(tmp_path: Path) -> None:
    assert (
        read(tmp_path, r"param_dir C:\my tables\a=b.csv").data.parameters == r"C:\my tables\a=b.csv"
    )


@pytest.mark.parametrize(
    ("number", "loss"), [(1, "mse"), (2, "mae"), (3, "smooth_l1"), (4, "huber")]
)
def test_loss_types(tmp_path: Path, number: int, loss: str) -> None:
    assert read(tmp_path, f"Loss_type {number}").training.loss == loss


def test_end_to_end_keys(tmp_path: Path) -> None:
    stage = read(
        tmp_path,
        "use_e2e_training 0\ne2e_loss_function SmoothL1\ne2e_vae_model_path "
        "model_save/other\nLC_alpha 10\nlatent_reg_weight 0.1\nuse_latent_regularization 1\n",
    ).training.end_to_end
    assert (stage.enabled, stage.loss, stage.vae_path) == (False, "smooth_l1", "model_save/other")
    assert (stage.field_weight, stage.latent_weight) == (10.0, 0.1)


def test_switched_off_regularization_wins_over_its_weight_in_any_order(tmp_path: Path) -> None:
    lines = ["latent_reg_weight 0.1", "use_latent_regularization 0"]
    for text in ("\n".join(lines), "\n".join(reversed(lines))):
        assert read(tmp_path, text).training.end_to_end.latent_weight == 0.0


def test_end_to_end_training_has_the_conditioners_batch_size_where_there_is_one(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "Batch_size 4").training.end_to_end.batch_size == 4
    settings = read(tmp_path, "latent_conditioner_batch 8\nBatch_size 4\n")
    assert (settings.training.vae.batch_size, settings.training.end_to_end.batch_size) == (4, 8)


@pytest.mark.parametrize("switch", ["0", "1"])
def test_spatial_attention(tmp_path: Path, switch: str) -> None:
    assert read(tmp_path, f"use_spatial_attention {switch}").conditioner.spatial_attention is (
        switch == "1"
    )


STAGES = "training.vae", "training.conditioner", "training.end_to_end"


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("patience 7", {f"{stage}.patience": 7 for stage in STAGES}),
        ("members 1e1", {"training.end_to_end.members": 10}),
        ("gaussian_process auto", {"prediction.gaussian_process": "auto"}),
        ("gaussian_process 1", {"prediction.gaussian_process": "auto"}),
        ("gaussian_process Off", {"prediction.gaussian_process": "off"}),
        ("gaussian_process 0", {"prediction.gaussian_process": "off"}),
        ("e2e_decoder frozen", {"training.end_to_end.decoder": "frozen"}),
        ("e2e_decoder Trained", {"training.end_to_end.decoder": "trained"}),
        ("e2e_from_scratch 0", {"training.end_to_end.from_scratch": False}),
        ("e2e_from_scratch 1", {"training.end_to_end.from_scratch": True}),
        ("mixed_precision auto", {"training.performance.mixed_precision": "auto"}),
        ("mixed_precision 1", {"training.performance.mixed_precision": True}),
        ("mixed_precision 0", {"training.performance.mixed_precision": False}),
        ("compile AUTO", {"training.performance.compile": "auto"}),
        ("compile 1", {"training.performance.compile": True}),
        ("compile 0", {"training.performance.compile": False}),
        ("gradient_checkpointing 1", {"training.performance.gradient_checkpointing": True}),
        ("gradient_checkpointing 0", {"training.performance.gradient_checkpointing": False}),
        ("validation_fraction 0.2", {"data.validation_fraction": 0.2}),
        ("test_fraction 0", {"data.test_fraction": 0.0}),
        ("split_seed 5", {"data.split_seed": 5}),
        ("reduction pod", {"reduction.method": "pod"}),
        ("reduction None", {"reduction.method": "none"}),
        ("seed 5", {"training.seed": 5}),
        ("optimizer muon", {"training.optimizer": "muon"}),
        ("optimizer AdamW", {"training.optimizer": "adamw"}),
        ("device auto", {"training.device": "auto"}),
        ("device CPU", {"training.device": "cpu"}),
        ("device cuda", {"training.device": "cuda"}),
        ("validate_every 4", {"training.validate_every": 4}),
        ("flips x", {"training.augmentation.flips": ("x",)}),
        ("flips none", {"training.augmentation.flips": "none"}),
        ("flips: x, y z", {"training.augmentation.flips": ("x", "y", "z")}),
        (
            "odd_variables = x:u y:v\nflips x y",
            {
                "training.augmentation.flips": ("x", "y"),
                "training.augmentation.odd_variables": ("x:u", "y:v"),
            },
        ),
        ("pixel_noise 0.01", {"training.augmentation.pixel_noise": 0.01}),
        ("parameter_noise 0.01", {"training.augmentation.parameter_noise": 0.01}),
        ("field_noise 1e-2", {"training.augmentation.field_noise": 0.01}),
        ("mixup 0.4", {"training.augmentation.mixup": 0.4}),
    ],
)
def test_keys_of_ours(tmp_path: Path, line: str, given: dict[str, object]) -> None:
    file = tmp_path / "condition.txt"
    file.write_text(line)
    draft = read_condition_file(file)
    settings = validate(draft)
    assert draft.keys() == given.keys()
    assert {key: reduce(getattr, key.split("."), settings) for key in given} == given


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\nDim1 3\n#\nDim1 4\n", "line 4: Dim1 was given before with another value, at .*line 2"),
        ("Stretch 0\nStretch 1\n", "line 2: Stretch was given before"),
        ("Latent_dims 8\n", "line 1: Latent_dims is not a known key; the nearest is Latent_dim"),
        ("LEARNINGR 8\n", "LEARNINGR is not a known key; the nearest is LearningR"),
        ("Comon params\n", "line 1: Comon is not a known key"),
        ("= 3\n", "line 1: = 3 is not a known key"),
        ("Dim1\n", "line 1: Dim1 needs a value"),
        ("Dim1 # 3\n", "line 1: Dim1 needs a value"),
        ("Dim1 many\n", "line 1: Dim1 must be a number, but is 'many'"),
        ("Dim1 2.5\n", "line 1: Dim1 must be a whole number, but is '2.5'"),
        ("Dim1 1e400\n", "line 1: Dim1 must be finite"),
        ("LearningR nan\n", "line 1: LearningR must be finite"),
        ("Dim1 0\n", "line 1: Dim1 must be at least 1, but is 0"),
        ("alpha -1\n", "line 1: alpha must be larger than 0"),
        ("Dim3_start 5\nDim3_end 5\n", r"node_end \(5\) must be larger"),
        ("Loss_type 5\n", "line 1: Loss_type must be 1"),
        (
            "use_e2e_training yes\n",
            r"line 1: use_e2e_training must be 0 \(off\) or 1 \(on\), but is 'yes'",
        ),
        ("e2e_loss_function RMSE\n", "line 1: e2e_loss_function must be one of mse, mae"),
        (
            "input_type pictures\n",
            "line 1: input_type must be one of csv, csvs, image, images, image_vit",
        ),
        ("input_type\n", "line 1: input_type needs a value"),
        (
            "param_data_type .pdf\n",
            r"line 1: param_data_type must be one of \.csv, \.png, \.jpg, \.jpeg",
        ),
        ("use_spatial_attention yes\n", "line 1: use_spatial_attention must be 0"),
        ("patience 0\n", "line 1: patience must be at least 1, but is 0"),
        ("members 33\n", "line 1: members must be at most 32, but is 33"),
        ("members 2.5\n", "line 1: members must be a whole number"),
        (
            "gaussian_process on\n",
            "line 1: gaussian_process must be one of auto, off, 1, 0, but is 'on'",
        ),
        (
            "e2e_decoder fixed\n",
            "line 1: e2e_decoder must be one of frozen, trained, but is 'fixed'",
        ),
        ("e2e_from_scratch yes\n", "line 1: e2e_from_scratch must be 0"),
        (
            "mixed_precision true\n",
            "line 1: mixed_precision must be one of auto, 1, 0, but is 'true'",
        ),
        ("compile 2\n", "line 1: compile must be one of auto, 1, 0, but is '2'"),
        ("gradient_checkpointing auto\n", "line 1: gradient_checkpointing must be 0"),
        ("validation_fraction 1\n", "line 1: validation_fraction must be below 1"),
        (
            "validation_fraction 0.5\ntest_fraction 0.5\n",
            "line 1 and .*line 2: data: validation_fraction",
        ),
        ("split_seed -1\n", "line 1: split_seed must be at least 0"),
        ("reduction pca\n", "line 1: reduction must be one of pod, none, but is 'pca'"),
        ("seed zero\n", "line 1: seed must be a number"),
        ("optimizer sgd\n", "line 1: optimizer must be one of muon, adamw"),
        ("device gpu\n", "line 1: device must be one of auto, cpu, cuda"),
        ("validate_every 0\n", "line 1: validate_every must be at least 1"),
        (
            "flips x w\n",
            "line 1: value 2 of flips must be 'auto', 'none', 'x', 'y' or 'z', but is 'w'",
        ),
        ("odd_variables u\n", "line 1: value 1 of odd_variables must have the form"),
        ("flips x\nodd_variables y:v\n", "line 1 and .*line 2: .*odd_variables are given for y"),
        ("pixel_noise -0.1\n", "line 1: pixel_noise must be at least 0"),
        ("parameter_noise much\n", "line 1: parameter_noise must be a number"),
        ("field_noise inf\n", "line 1: field_noise must be finite"),
        ("mixup -1\n", "line 1: mixup must be at least 0"),
        ("mixup 1\nmixup 2\n", "line 2: mixup was given before with another value, at .*line 1"),
        ("patient 5\n", "line 1: patient is not a known key; the nearest is patience"),
        (
            "mixed_presision 1\n",
            "line 1: mixed_presision is not a known key; the nearest is mixed_precision",
        ),
        (b"Dim1 3\xff\n", "line 1: Dim1 is not UTF-8"),
        ("Dim1 3\n".encode("utf-16"), "condition.txt: not UTF-8"),
    ],
)
def test_mistakes_name_file_line_key_and_reason(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as error:
        read(tmp_path, text)
    assert str(tmp_path / "condition.txt") in str(error.value)


def test_a_value_that_fills_two_settings_is_refused_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "Batch_size 0")
    assert (
        str(error.value)
        == f"{tmp_path / 'condition.txt'}, line 1: Batch_size must be at least 1, but is 0"
    )


def test_a_key_may_be_repeated_with_the_same_value(tmp_path: Path) -> None:
    assert read(tmp_path, "Dim2 200\nalpha 3\nDim2 200\n").data.timesteps == 200


FIRST_VERSIONS = """Dim1\t484
%PINN
param_dir\t/images .png
n_epoch\t20000
pinn_lr\t0.002
pinn_batch\t8
pinn_weight_decay 1e-4
pinn_dropout_rate 0.3
input_type\timages\t#images, csvs
"""


def test_a_file_of_the_first_versions(tmp_path: Path) -> None:
    with pytest.warns(SettingsNote) as notes:
        settings = read(tmp_path, FIRST_VERSIONS)
    for stage in (settings.training.conditioner, settings.training.end_to_end):
        assert (stage.learning_rate, stage.batch_size, stage.weight_decay) == (0.002, 8, 1e-4)
    assert settings.conditioner.dropout == 0.3
    assert (settings.conditioner.kind, settings.data.images) == ("cnn", "/images")
    assert settings.data.file_type == ".png"
    said = [str(note.message).split(": ")[1] for note in notes]
    assert said == [f"{old} is read as {OLD_KEYS[old]}, its later name" for old in OLD_KEYS][1:5]


@pytest.mark.parametrize(("old", "current"), OLD_KEYS.items())
def test_a_later_name_counts_before_the_old_one(tmp_path: Path, old: str, current: str) -> None:
    one, other = (".csv", ".png") if current == "param_data_type" else ("0.5", "0.25")
    if current in {"n_epoch", "latent_conditioner_batch"}:
        one, other = "5", "3"
    alone = read(tmp_path, f"{current} {one}")
    with pytest.warns(SettingsNote, match=f"line 1: {old} is not used: {current}"):
        assert read(tmp_path, f"{old} {other}\n{current} {one}\n") == alone
    with pytest.warns(SettingsNote, match=f"line 1: {old} is read as {current}"):
        assert read(tmp_path, f"{old} {one}") == alone
    with pytest.raises(UserError, match=f"line 1: {old} must be"):
        read(tmp_path, f"{old} many")


def test_comments_may_be_in_any_encoding(tmp_path: Path) -> None:
    assert read(tmp_path, b"% \xb3\xaa\nDim1 3 # \xb3\xaa\n").data.runs == 3
