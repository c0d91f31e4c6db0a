"""From the parts of an environment to the variables of its processes, in MWAA's order of precedence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local.errors import LocalAwsError
from local.mwaa_runtime.image import Image, option_variable


class OptionError(LocalAwsError):
    """Configuration options that MWAA refuses, or would overwrite without a word; the message names each."""


def option_variables(options: Mapping[str, str], image: Image) -> dict[str, str]:
    """The variables of an environment's ``AirflowConfigurationOptions``.

    MWAA's API checks the form. What the image overwrites anyway is refused here too: on MWAA such an option is accepted
    and does nothing, which is a mistake that nobody sees.

    :param options: ``section.key`` to value.
    :raises OptionError: with every problem found.
    """
    problems = list(_problems(options, image))
    if problems:
        raise OptionError("AirflowConfigurationOptions:\n  " + "\n  ".join(problems))
    return {option_variable(option): value for option, value in options.items()}


def compose(
    image: Image,
    *,
    container: Mapping[str, str],
    startup: Mapping[str, str],
    options: Mapping[str, str],
    own: Mapping[str, str],
) -> dict[str, str]:
    """All variables of a process.

    :param container: what the process would have without MWAA: PATH, the AWS endpoint, the role's key.
    :param startup: what startup.sh exported.
    :param options: variables of the configuration options.
    :param own: what this runtime decides: folders, ports, keys. As essential as the image's own.
    """
    protected = {name: value for name, value in container.items() if image.is_protected(name)}
    # A protected variable that the container does not have cannot be brought in by a script either.
    allowed = {name: value for name, value in startup.items() if not image.is_protected(name)}
    together = {**container, **image.opinionated, **allowed, **options, **protected, **image.essential, **image.laptop}
    return {name: value for name, value in together.items() if name not in image.left_out} | dict(own)


def ignored_exports(before: Mapping[str, str], startup: Mapping[str, str], final: Mapping[str, str]) -> list[str]:
    """Variables that startup.sh set in vain, because something of higher precedence sets them.

    :param before: the environment in which the script ran.
    :param startup: the environment at its end.
    :param final: the environment of the components.
    """
    return sorted(name for name, value in startup.items() if before.get(name) != value != final.get(name))


def _problems(options: Mapping[str, str], image: Image) -> Iterator[str]:
    form = image.option_format
    for option, value in sorted(options.items()):
        if not form.key.fullmatch(option) or len(option) > form.key_length or "." not in option.strip("."):
            yield (
                f"{option}: not a name that MWAA accepts (section.key in lower case, at most {form.key_length} letters)"
            )
        elif not isinstance(value, str) or not form.value.fullmatch(value) or len(value) > form.value_length:
            yield (
                f"{option}: MWAA accepts a text of 1 to {form.value_length} printable ASCII characters, not {value!r}"
            )
        elif image.is_essential(option_variable(option)):
            yield f"{option}: MWAA sets this itself and would ignore {value!r}; take it out"
        elif image.is_protected(option_variable(option)):
            yield f"{option}: the name is protected on MWAA, {value!r} would be ignored; take it out"
