import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.config import Config, ConfigError, from_mapping, read, split_listen, with_app_option


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path):
    file = tmp_path / "m.toml"
    file.write_text(
        'listen = "[::1]:9000"\nallow = ["10.1.0.0/16"]\nplans = ["us"]\ndetect = ["dtmf"]\n'
        "[apps.tones]\necho = true\n"
    )
    config = read(file)
    assert config.listen == "[::1]:9000"
    assert config.allow == (ipaddress.ip_network("10.1.0.0/16"),)
    assert config.plans == ("us",)
    assert config.detect == ("dtmf",)
    assert config.apps == {"tones": {"echo": True}}
    assert config.workers == Config().workers


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lisen = 'x'", "lisen"),
        ("listen = 'nowhere'", "listen"),
        ("listen = '::1:8084'", "brackets"),
        ("allow = ['10.0.0.1/8']", "10.0.0.1/8"),
        ("workers = 0", "workers"),
        ("workers = true", "workers"),
        ("max_calls = 'many'", "max_calls"),
        ("media = 'pigeon'", "pigeon"),
        ("grace = -1", "grace"),
        ("apps = {tones = 1}", "apps.tones"),
        ("= broken", "m.toml"),
    ],
)
def test_a_wrong_setting_is_named_together_with_its_file(tmp_path, text, named):
    file = tmp_path / "m.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        read(file)
    assert named in str(error.value)
    assert "m.toml" in str(error.value)


def test_a_file_that_is_not_there_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        read(tmp_path / "gone.toml")


@given(st.text(max_size=30))
def test_listen_is_taken_apart_or_refused(text):
    try:
        host, port = split_listen(text)
    except ConfigError:
        return
    assert host
    assert 0 <= port <= 65535


@given(
    st.dictionaries(
        st.sampled_from(
            ["listen", "allow", "workers", "plans", "detect", "grace", "apps", "media", "x"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_any_settings_make_a_configuration_or_a_config_error(settings):
    try:
        config = from_mapping(settings)
    except ConfigError:
        return
    assert isinstance(config, Config)


def test_options_on_the_command_line_are_toml_or_text():
    config = with_app_option(Config(), "tones.prompt=welcome.wav")
    config = with_app_option(config, "tones.echo=true")
    assert config.apps == {"tones": {"prompt": "welcome.wav", "echo": True}}
    with pytest.raises(ConfigError, match=r"NAME\.OPTION=VALUE"):
        with_app_option(config, "echo=true")
