"""Reading Spark SQL expressions of a contract: mistakes that Spark would find only when a day is cleaned.

A small parser of its own, because the Airflow runtime has neither Spark nor another parser of its dialect. It reads the
grammar of one scalar expression (Spark SQL reference, "Operators", "Functions"), looks names up, and tells truth values
from others as far as that is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# `SHOW SYSTEM FUNCTIONS` of Spark 3.5: of values of one row, without those that run code or raise errors.
_PLAIN = _words(
    """
    abs acos acosh add_months aes_decrypt aes_encrypt array array_append array_compact array_distinct array_except
    array_insert array_intersect array_join array_position array_prepend array_remove array_repeat array_size
    array_sort array_union arrays_zip ascii asin asinh atan atan2 atanh base64 bigint bin binary bit_count bit_get
    bit_length bitmap_bit_position bitmap_bucket_number bitmap_count bround btrim cardinality cbrt ceil ceiling char
    char_length character_length chr concat concat_ws conv convert_timezone cos cosh cot crc32 csc date date_add
    date_diff date_format date_from_unix_date date_part date_sub date_trunc dateadd datediff datepart day dayofmonth
    dayofweek dayofyear decimal decode degrees double e encode exp expm1 extract factorial filter find_in_set
    flatten float floor format_number format_string from_csv from_json from_unixtime from_utc_timestamp
    get_json_object getbit hash hex hll_sketch_estimate hll_union hour hypot initcap instr int json_array_length
    json_object_keys last_day lcase left len length levenshtein ln locate log log10 log1p log2 lower lpad ltrim
    make_date make_dt_interval make_interval make_timestamp make_timestamp_ltz make_timestamp_ntz make_ym_interval
    map map_concat map_entries map_filter map_from_arrays map_from_entries map_keys map_values map_zip_with mask md5
    minute mod month months_between named_struct nanvl negative next_day octet_length overlay parse_url pi pmod
    position positive pow power printf quarter radians regexp_count regexp_extract regexp_extract_all regexp_instr
    regexp_replace regexp_substr repeat replace reverse right rint round rpad rtrim schema_of_csv schema_of_json sec
    second sentences sequence sha sha1 sha2 shiftleft shiftright shiftrightunsigned sign signum sin sinh size slice
    smallint sort_array soundex space split split_part sqrt str_to_map string struct substr substring
    substring_index tan tanh timestamp timestamp_micros timestamp_millis timestamp_seconds tinyint to_binary to_char
    to_csv to_date to_json to_number to_timestamp to_timestamp_ltz to_timestamp_ntz to_unix_timestamp
    to_utc_timestamp to_varchar transform transform_keys transform_values translate trim trunc try_add
    try_aes_decrypt try_divide try_multiply try_subtract try_to_binary try_to_number try_to_timestamp typeof ucase
    unbase64 unhex unix_date unix_micros unix_millis unix_seconds unix_timestamp upper url_decode url_encode weekday
    weekofyear width_bucket xpath xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short
    xpath_string xxhash64 year zip_with
    """
)
_OPEN = _words(
    """
    aggregate array_max array_min coalesce element_at elt get greatest if ifnull least nullif nvl nvl2 reduce
    try_element_at
    """
)
_BOOLEAN = _words(
    """
    array_contains arrays_overlap boolean contains endswith equal_null exists forall ilike isnan isnotnull isnull
    like luhn_check map_contains_key regexp regexp_like rlike startswith xpath_boolean
    """
)
_OVER_MANY_ROWS = _words(
    """
    any any_value approx_count_distinct approx_percentile array_agg avg bit_and bit_or bit_xor bitmap_construct_agg
    bitmap_or_agg bool_and bool_or collect_list collect_set corr count count_if count_min_sketch covar_pop
    covar_samp cume_dist dense_rank every explode explode_outer first first_value grouping grouping_id
    histogram_numeric hll_sketch_agg hll_union_agg inline inline_outer json_tuple kurtosis lag last last_value lead
    max max_by mean median min min_by mode nth_value ntile percent_rank percentile percentile_approx posexplode
    posexplode_outer range rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
    regr_syy row_number skewness some sql_keywords stack std stddev stddev_pop stddev_samp sum try_avg try_sum
    var_pop var_samp variance
    """
)
_CHANGING = _words(
    """
    curdate current_catalog current_database current_date current_schema current_time current_timestamp
    current_timezone current_user input_file_block_length input_file_block_start input_file_name localtimestamp
    monotonically_increasing_id now rand randn random session_user shuffle spark_partition_id user uuid version
    """
)


TRUTH, VALUE, OPEN = "truth", "value", "open"
_TOKEN = re.compile(
    r"""\s*(?:
    (?!--|/\*)(?:
    (?P<text>[rR]?'(?:[^'\\]|\\.)*'|[rR]?"(?:[^"\\]|\\.)*")
    |(?P<parameter>\$\{\w+\})
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYDF])?(?!\w))
    |(?P<word>[^\W\d]\w*)
    |(?P<sign><=>|<>|!=|>=|<=|==|\|\||->|::|[-=<>+*/%&|^~!().,\[\]])
    ))""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_COMPARISONS = ("=", "==", "<>", "!=", "<", "<=", ">", ">=", "<=>")
_ARITHMETIC = ("+", "-", "*", "/", "%", "||", "&", "|", "^", "div")
# Words that continue or end an expression: none of them begins a value.
_NO_VALUES = _words(
    "and or is in like ilike rlike regexp between then else end when as from group order having union escape using "
    "where"
)
_TYPED_TEXTS = _words("date timestamp timestamp_ntz timestamp_ltz x interval")


class ExpressionError(ValueError):
    """An expression that Spark cannot run, or that does not mean one thing; the text says what is wrong with it."""


@dataclass(frozen=True)
class Names:
    """What an expression may name; upper and lower case are the same.

    :param columns: columns by name, True for truth values
    :param raw: headers behind ``raw.``
    """

    columns: Mapping[str, bool]
    raw: Iterable[str] = ()


def kind_of(text: str, names: Names) -> str:
    """Return what an expression gives: a truth value, another value, or what only Spark can tell (``open``).

    :param text: Spark SQL
    :param names: what it may name
    :raises ExpressionError: if it is not one expression over these names, or differs from run to run
    """
    reader = _Reader(_tokens(text), {name.lower(): kind for name, kind in names.columns.items()}, names.raw)
    kind = reader.either()
    if reader.here:
        raise ExpressionError(f"it goes on with {reader.here!r} after its end")
    return kind


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"{text[position:].strip()[:20]!r} cannot be read")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        position = match.end()
    return found


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    columns: Mapping[str, bool]
    raw: Iterable[str]
    place: int = 0
    bound: set[str] = field(default_factory=set)

    @property
    def here(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    @property
    def kind(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else "end"

    def word(self, ahead: int = 0) -> str:
        """:return: the sign or word at a place in lower case, empty for texts, quoted names and the end"""
        place = self.place + ahead
        kind, text = self.tokens[place] if place < len(self.tokens) else ("end", "")
        return text.lower() if kind in ("word", "sign") else ""

    def take(self, *words: str) -> str:
        """:return: the word that was there and is read now, empty if none was"""
        found = self.word()
        if not found or found not in words:
            return ""
        self.place += 1
        return found

    def expect(self, word: str) -> None:
        if not self.take(word):
            found = repr(self.here) if self.here else "its end"
            raise ExpressionError(f"{word.upper()!r} is missing before {found}")

    def either(self) -> str:
        return self._joined("or", self._both)

    def _both(self) -> str:
        return self._joined("and", self._negated)

    def _joined(self, word: str, part: object) -> str:
        assert callable(part)
        kind = str(part())
        while self.word() == word:
            self._truth(kind, word.upper())
            self.place += 1
            kind = str(part())
            self._truth(kind, word.upper())
            kind = TRUTH
        return kind

    def _truth(self, kind: str, word: str) -> None:
        if kind == VALUE:
            raise ExpressionError(f"{word} joins something that is neither true nor false")

    def _negated(self) -> str:
        if self.take("not", "!"):
            self._truth(self._negated(), "NOT")
            return TRUTH
        return self._tested()

    def _tested(self) -> str:
        kind = self._computed()
        while True:
            if self.take(*_COMPARISONS):
                self._computed()
            elif self.take("is"):
                self.take("not")
                if self.take("distinct"):
                    self.expect("from")
                    self._computed()
                elif not self.take("null", "true", "false", "unknown"):
                    raise ExpressionError("after IS comes NULL, TRUE, FALSE or DISTINCT FROM")
            elif self.word() in ("in", "between", "like", "ilike", "rlike", "regexp") or (
                self.word() == "not" and self.word(1) in ("in", "between", "like", "ilike", "rlike", "regexp")
            ):
                self.take("not")
                self._in_or_like()
            else:
                return kind
            kind = TRUTH

    def _in_or_like(self) -> None:
        test = self.take("in", "between", "like", "ilike", "rlike", "regexp")
        if test == "in":
            self.expect("(")
            self._list()
        elif test == "between":
            self._computed()
            self.expect("and")
            self._computed()
        else:
            self._computed()
            if self.take("escape"):
                self._computed()

    def _computed(self) -> str:
        kind = self._signed()
        while self.take(*_ARITHMETIC):
            self._signed()
            kind = VALUE
        return kind

    def _signed(self) -> str:
        if self.take("+", "-", "~"):
            self._signed()
            return VALUE
        kind = self._value()
        while True:
            if self.take("["):
                self.either()
                self.expect("]")
                kind = OPEN
            elif self.take("::"):
                kind = self._type()
            elif self.word() == "." and self.place + 1 < len(self.tokens):
                self.place += 2
                kind = OPEN
            else:
                return kind

    def _value(self) -> str:
        kind, text, word = self.kind, self.here, self.word()
        if kind in ("text", "number", "parameter"):
            self.place += 1
            return VALUE
        if kind == "quoted" or (kind == "word" and self.word(1) != "(" and word not in ("case", "interval")):
            return self._name(kind, text)
        if kind == "end":
            raise ExpressionError("it ends too early")
        if self.take("("):
            found = self.either()
            if self.word() == ",":
                self.place += 1
                self._list()
                return VALUE
            self.expect(")")
            return found
        if self.take("case"):
            return self._case()
        if word == "interval":
            self.place += 1
            self._value()
            while self.kind == "word" and self.word() not in _NO_VALUES:
                self.place += 1
            return VALUE
        if kind == "word":
            self.place += 2
            return self._called(word)
        raise ExpressionError(f"{text!r} is where a value should be")

    def _name(self, kind: str, text: str) -> str:
        name = text[1:-1].replace("``", "`").lower() if kind == "quoted" else text.lower()
        self.place += 1
        if kind == "word":
            if name in ("true", "false"):
                return TRUTH
            if name == "null":
                return OPEN
            if name in _TYPED_TEXTS and self.kind == "text":
                self.place += 1
                return VALUE
            if name in _CHANGING:
                raise ExpressionError(f"{name} differs from run to run; ${{ingest_date}} is the day of the delivery")
            if name in _NO_VALUES:
                raise ExpressionError(f"{text!r} is where a value should be")
        if name == "raw" and self.word() == "." and self.raw:
            return self._delivered()
        if name in self.bound:
            return OPEN
        if name not in self.columns:
            raise ExpressionError(f"{text!r} is no column here; known: {', '.join(self.columns) or 'none'}")
        return TRUTH if self.columns[name] else VALUE

    def _delivered(self) -> str:
        self.place += 1
        text = self.here
        header = text[1:-1].replace("``", "`") if self.kind == "quoted" else text
        if header.lower() not in {name.lower() for name in self.raw}:
            raise ExpressionError(f"raw.{text} is no delivered column; known: {', '.join(self.raw)}")
        self.place += 1
        return VALUE

    def _list(self) -> None:
        """Read the rest of a list in brackets; its opening one is read already."""
        self.either()
        while self.take(","):
            self.either()
        self.expect(")")

    def _case(self) -> str:
        if self.word() != "when":
            self.either()
        kinds = set()
        while self.take("when"):
            self.either()
            self.expect("then")
            kinds.add(self.either())
        if not kinds:
            raise ExpressionError("CASE has no WHEN")
        if self.take("else"):
            kinds.add(self.either())
        self.expect("end")
        return kinds.pop() if len(kinds) == 1 else OPEN

    def _called(self, name: str) -> str:
        """Read a call; name and opening bracket are read already."""
        if name in ("cast", "try_cast"):
            self.either()
            self.expect("as")
            kind = self._type()
            self.expect(")")
            return kind
        if name in _CHANGING:
            raise ExpressionError(f"{name} differs from run to run; ${{ingest_date}} is the day of the delivery")
        if name in _OVER_MANY_ROWS:
            raise ExpressionError(f"{name} is of many rows, this is of one; a rule about a day is a library metric")
        if name not in _PLAIN | _BOOLEAN | _OPEN:
            raise ExpressionError(f"{name} is no function of values of one row")
        if name == "extract":
            self.place += 1
            self.expect("from")
        if name == "trim":
            self.take("both", "leading", "trailing")
            if self.take("from"):
                self.either()
                self.expect(")")
                return VALUE
        if name == "position":
            self._computed()
            self.take("in")
        self._arguments(name)
        return TRUTH if name in _BOOLEAN else OPEN if name in _OPEN else VALUE

    def _arguments(self, name: str) -> None:
        if name == "position":
            self.take(",")
        if self.take(")"):
            if name == "unix_timestamp":
                raise ExpressionError("unix_timestamp() differs from run to run")
            return
        if name in ("datediff", "date_diff", "dateadd", "date_add", "timestampdiff", "timestampadd") and (
            self.kind == "word" and self.word(1) == "," and self.word() in _UNITS and self.word() not in self.columns
        ):
            self.place += 2
        while True:
            self._argument()
            if not self.take(",", "from", "for"):
                break
        self.expect(")")

    def _argument(self) -> None:
        rest = [text for _, text in self.tokens[self.place : self.place + 8]]
        names: list[str] = []
        if rest[1:2] == ["->"]:
            names = rest[:1]
        elif rest[:1] == ["("] and ")" in rest and rest[rest.index(")") + 1 :][:1] == ["->"]:
            names = [text for text in rest[1 : rest.index(")")] if text != ","]
        if not names:
            self.either()
            return
        self.place += len(names) + 1 if len(names) == 1 and rest[1] == "->" else rest.index("->") + 1
        before = set(self.bound)
        self.bound |= {name.lower() for name in names}
        self.either()
        self.bound = before

    def _type(self) -> str:
        if self.kind != "word":
            raise ExpressionError("the name of a type is missing")
        name = self.word()
        if name not in _TYPES:
            raise ExpressionError(f"{self.here!r} is no type; known: {', '.join(sorted(_TYPES))}")
        self.place += 1
        if self.take("("):
            while self.kind == "number" or self.word() == ",":
                self.place += 1
            self.expect(")")
        return TRUTH if name == "boolean" else VALUE


_UNITS = _words("microsecond millisecond second minute hour day dayofyear week month quarter year")
_TYPES = _words(
    "bigint binary boolean byte char date dec decimal double float int integer long numeric real short smallint string "
    "timestamp timestamp_ltz timestamp_ntz tinyint varchar"
)
