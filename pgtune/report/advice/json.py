"""Advice in the form that docs/schemas/pgtune.advise.1.json describes."""

from typing import Any

from pgtune.indexes.advice import Drop, IndexRecommendation, Served
from pgtune.partitions.advice import Partitioning
from pgtune.report.advice.answer import SCHEMA, Answer
from pgtune.report.json import dumps, form


def json_text(answer: Answer) -> str:
    """The whole answer as text."""
    return dumps(advice_json(answer))


def advice_json(answer: Answer) -> dict[str, Any]:
    """The whole answer as values that JSON can hold."""
    found = answer.indexes
    return {
        "schema": SCHEMA,
        "target": answer.target,
        "version": answer.version,
        "indexes": [_index(each) for each in found.recommendations],
        "drops": [_drop(each) for each in found.drops],
        "merges": [
            {
                "ddl": each.script,
                "replaces": [str(name) for name in each.replaces],
                "why": each.why,
                "size_before": each.size_before,
                "size_after": each.size_after,
            }
            for each in found.merges
        ],
        "statistics": [form(each) | {"table": str(each.table)} for each in found.statistics],
        "partitions": [_partitioning(each) for each in answer.partitions.partitionings],
        "workload": _workload(answer),
        "bound": {
            "unlimited": found.bound.unlimited,
            "budget": found.bound.budget,
            "proven": found.bound.proven,
            "above": found.above_bound,
        },
        "budget_bytes": answer.budget_bytes,
        "size_bytes": found.size_bytes,
        "declined": [
            *({"table": str(each.table), "what": "index", "why": each.why} for each in found.declined),
            *({"table": str(each.table), "what": "partitions", "why": each.why} for each in answer.partitions.declined),
        ],
        "notes": list(answer.notes),
        "planner_calls": found.planner_calls + answer.partitions.planner_calls,
        "finished": found.finished,
        "proof": _proof(answer),
    }


def _index(each: IndexRecommendation) -> dict[str, Any]:
    index = each.index
    return {
        "name": index.name,
        "ddl": each.script,
        "needs": list(each.needs),
        "table": str(index.table),
        "method": index.method,
        "columns": [key.column or key.expression for key in index.keys],
        "include": list(index.include),
        "where": index.where or None,
        "cost_before": each.cost_before,
        "cost_after": each.cost_after,
        "gain": each.gain,
        "size_bytes": each.size_bytes,
        "write_tax": each.write_tax,
        "queries": [_served(query) for query in each.queries],
        "why": each.why,
        "confidence": each.confidence,
        "doubts": list(each.doubts),
    }


def _served(each: Served) -> dict[str, Any]:
    return {
        "query": each.text,
        "fingerprint": each.fingerprint,
        "origin": each.origin,
        "weight": each.weight,
        "cost_before": each.cost_before,
        "cost_after": each.cost_after,
    }


def _drop(each: Drop) -> dict[str, Any]:
    return {
        "index": str(each.index),
        "table": str(each.table),
        "kind": each.kind,
        "ddl": each.ddl,
        "restore": each.restore,
        "size_bytes": each.size_bytes,
        "covered_by": str(each.covered_by) if each.covered_by else None,
        "why": each.why,
        "confidence": each.confidence,
    }


def _partitioning(each: Partitioning) -> dict[str, Any]:
    return {
        "table": str(each.table),
        "strategy": each.scheme.strategy,
        "key": list(each.scheme.key),
        "period": each.period or None,
        "partitions": [
            {"name": part.name, "bound": part.bound, "share": part.share} for part in each.scheme.partitions
        ],
        "ddl": each.script,
        "pg_partman": each.partman or None,
        "cost_before": each.cost_before,
        "cost_after": each.cost_after,
        "size_bytes": each.size_bytes,
        "queries": form(each.queries),
        "why": each.why,
        "consequences": list(each.consequences),
        "upkeep": list(each.upkeep),
    }


def _workload(answer: Answer) -> dict[str, Any]:
    found = answer.indexes
    return {
        "source": answer.source,
        "cost_before": found.cost_before,
        "cost_after": found.cost_after,
        "queries": [
            {
                "query": each.text,
                "fingerprint": each.fingerprint,
                "origin": each.origin,
                "weight": each.weight,
                "cost_before": each.cost_before,
                "cost_after": each.cost_after,
                "cost_bound": each.cost_bound,
                "indexes": [index.name for index in each.indexes],
            }
            for each in found.queries
        ],
        "unplanned": [{"query": each.text, "origin": each.origin, "why": each.why} for each in found.unplanned],
        "left_out": [{"query": each.text, "origin": each.origin, "why": each.why} for each in answer.left_out],
    }


def _proof(answer: Answer) -> dict[str, Any] | None:
    proof = answer.proof
    if proof is None:
        return None
    built = [
        {
            "index": each.index.name,
            "predicted_bytes": each.predicted_bytes,
            "bytes": each.bytes,
            "seconds": each.seconds,
        }
        for each in proof.built
    ]
    widened = [
        {
            "query": each.text,
            "index": each.index.name,
            "instead": each.instead.name,
            "room": [index.name for index in each.room],
            "before_ms": each.before_ms,
            "after_ms": each.after_ms,
            "then_ms": each.then_ms,
            "others": each.others,
        }
        for each in proof.widened
    ]
    slowed = [
        {
            "query": each.text,
            "indexes": [index.name for index in each.indexes],
            "before_ms": each.before_ms,
            "after_ms": each.after_ms,
            "without_ms": each.without_ms,
            "others": each.others,
            "kept": each.kept,
        }
        for each in proof.slowed
    ]
    return {
        "target": proof.target,
        "built": built,
        "queries": form(proof.queries),
        "widened": widened,
        "slowed": slowed,
        "filled": [{"index": each.index.name, "gain": each.gain} for each in proof.filled],
        "notes": list(proof.notes),
    }
