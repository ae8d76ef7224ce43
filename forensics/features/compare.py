"""Features of one client beside those of the other clients of the same model."""

import duckdb
import pyarrow as pa

from forensics.features.frame import FeatureSet

_STATISTICS = """count(value) as clients, quantile_cont(value, 0.05) as p05, quantile_cont(value, 0.5) as p50,
  quantile_cont(value, 0.95) as p95, quantile_cont(value, 0.99) as p99, max(value) as max"""


def of_all(found: FeatureSet) -> pa.Table:
    """model, feature, clients (with a value), p05, p50, p95, p99, max, description; one row per model and numeric column."""
    with _long(found) as con:
        return con.sql(
            f"""select model, feature, {_STATISTICS}, min(description) as description from long
            group by model, feature order by model, feature"""
        ).to_arrow_table()


def of_client(found: FeatureSet, client_id: str) -> pa.Table:
    """model, feature, value, above (share of the model's clients with a lower value), and the quantiles; empty for a stranger."""
    with _long(found) as con:
        return con.sql(
            f"""with peers as (select model, feature, {_STATISTICS} from long group by model, feature)
        select own.model, own.feature, own.value,
          (select count(*) from long l where l.model = own.model and l.feature = own.feature and l.value < own.value) / clients as above,
          p05, p50, p95, p99, clients, own.description
        from long own join peers using (model, feature) where client_id = $1 order by own.model, own.feature""",
            params=[client_id],
        ).to_arrow_table()


def _long(found: FeatureSet) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    parts = []
    for spec in found.specs:
        con.register(spec.name, found.tables[spec.name])
        for column in spec.columns:
            if column.type in ("BIGINT", "INTEGER", "DOUBLE"):
                description = column.description.replace("'", "''")
                parts.append(
                    f"""select client_id, model, '{spec.name}.{column.name}' as feature, "{column.name}"::double as value,
                    '{description}' as description from "{spec.name}" """
                )
    con.execute(f"create temp table long as {' union all '.join(parts)}")
    return con
