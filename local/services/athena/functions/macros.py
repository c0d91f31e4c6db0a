# ruff: noqa: E501 - one macro per line
"""Trino functions as DuckDB macros. Only those a statement names are created: creating all would cost a second.

Errors are raised by a cast that cannot succeed: DuckDB's error() is volatile, and TRY(...) refuses volatile functions.
"""

from __future__ import annotations

import re

_MACROS = r"""
trino_integer_divide(a, b) AS CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS INTEGER) ELSE a // b END
trino_decimal_divide(a, b) AS CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS INTEGER) ELSE a / b END
trino_modulo(a, b) AS CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS INTEGER) ELSE a % b END
trino_integer_text(t) AS CASE WHEN contains(t, '.') OR contains(lower(t), 'e') THEN CAST(CAST('INVALID_CAST_ARGUMENT: Cannot cast text to integer: ' || t AS INTEGER) AS VARCHAR) ELSE t END
trino_integer_text_or_null(t) AS CASE WHEN NOT contains(t, '.') AND NOT contains(lower(t), 'e') THEN t END
trino_json_scalar(j, p) AS CASE WHEN json_valid(j) AND json_type(j, p) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN j ->> p END
trino_json_query(j, p) AS CASE WHEN json_valid(j) THEN CAST(json_extract(j, p) AS VARCHAR) END
json_array_get(j, i) AS json_extract_string(j, '$[' || i || ']')
json_size(j, p) AS CASE json_type(j, p) WHEN 'OBJECT' THEN len(json_keys(j, p)) WHEN 'ARRAY' THEN json_array_length(j, p) ELSE 0 END
trino_array_position(a, e) AS CASE WHEN a IS NOT NULL AND e IS NOT NULL THEN coalesce(list_position(a, e), 0) END
trino_slice(a, s, l) AS CASE WHEN s >= 0 THEN list_slice(a, s, s + l - 1) ELSE list_slice(a, len(a) + s + 1, len(a) + s + l) END
trino_array_union(a, b) AS list_distinct(list_concat(a, b))
trino_repeat(e, n) AS list_transform(range(n), i -> e)
trino_to_iso8601(x) AS CASE WHEN typeof(x) = 'DATE' THEN strftime(x, '%Y-%m-%d') WHEN typeof(x) = 'TIMESTAMP' THEN strftime(CAST(x AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g') ELSE strftime(CAST(x AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ') END
trino_map_agg(k, v) AS map_from_entries(list_transform(list_distinct(list(k)), x -> (x, list(v)[list_position(list(k), x)])))
trino_multimap_agg(k, v) AS map_from_entries(list_transform(list_distinct(list(k)), x -> (x, list_transform(list_filter(list((k, v)), z -> z[1] = x), z -> z[2]))))
trino_map_union(m) AS map_from_entries(list_transform(list_distinct(flatten(list(map_keys(m)))), k -> (k, list_filter(list(m), one -> map_contains(one, k))[1][k])))
trino_split_to_map(s, d, kv) AS map_from_entries(list_transform(string_split(s, d), e -> (split_part(e, kv, 1), split_part(e, kv, 2))))
split_to_multimap(s, d, kv) AS map_from_entries(list_transform(list_distinct(list_transform(string_split(s, d), e -> split_part(e, kv, 1))), k -> (k, list_transform(list_filter(string_split(s, d), e -> split_part(e, kv, 1) = k), e -> split_part(e, kv, 2)))))
trino_millisecond(x) AS millisecond(x) % 1000
trino_at_timezone(x, z) AS timezone(z, x)
trino_with_timezone(x, z) AS timezone(z, x)
trino_to_milliseconds(i) AS CAST(epoch(i) * 1000 AS BIGINT)
trino_to_base(n, b) AS lower(to_base(n, b))
trino_random_integer(low, high) AS CAST(low + floor(random() * (high - low)) AS BIGINT)
trino_url_encode(u) AS replace(url_encode(u), '%20', '+')
from_unixtime_nanos(n) AS to_timestamp(n / 1e9)
codepoint(x) AS unicode(x)
normalize(x) AS nfc_normalize(x)
nan() AS 'nan'::DOUBLE
infinity() AS 'inf'::DOUBLE
width_bucket(x, a, b, n) AS CAST(CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1 ELSE floor(n * (x - a) / (b - a)) + 1 END AS BIGINT)
hamming_distance(a, b) AS hamming(a, b)
cosine_similarity(a, b) AS list_sum(list_transform(map_keys(a), k -> a[k] * coalesce(b[k], 0))) / (sqrt(list_sum(list_transform(map_values(a), v -> v * v))) * sqrt(list_sum(list_transform(map_values(b), v -> v * v))))
shuffle(a) AS list_sort(a)
trim_array(a, n) AS a[1:len(a) - n]
ngrams(a, n) AS CASE WHEN len(a) < n THEN [a] ELSE list_transform(range(1, len(a) - n + 2), i -> a[i:i + n - 1]) END
checksum(x) AS encode(CAST(bit_xor(hash(x)) AS VARCHAR))
xxhash64(b) AS encode(CAST(hash(b) AS VARCHAR))
murmur3(b) AS encode(CAST(hash(b) AS VARCHAR))
url_extract_protocol(u) AS nullif(regexp_extract(u, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1), '')
url_extract_host(u) AS nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^:/?#]*)', 1), '')
url_extract_port(u) AS TRY_CAST(nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?[^:/?#]*:([0-9]+)', 1), '') AS BIGINT)
url_extract_path(u) AS url_decode(regexp_extract(u, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?([^?#]*)', 1))
url_extract_query(u) AS nullif(regexp_extract(u, '\?([^#]*)', 1), '')
url_extract_fragment(u) AS nullif(regexp_extract(u, '#(.*)$', 1), '')
url_extract_parameter(u, p) AS list_filter(list_transform(string_split(regexp_extract(u, '\?([^#]*)', 1), '&'), e -> CASE WHEN split_part(e, '=', 1) = p THEN url_decode(split_part(e, '=', 2)) END), x -> x IS NOT NULL)[1]
"""

_NAME = re.compile(r"^(\w+)\(")

MACROS: dict[str, str] = {
    found[1]: f"CREATE OR REPLACE MACRO {line}" for line in _MACROS.strip().split("\n") if (found := _NAME.match(line))
}
