"""Finding papers: those about a record, those of an organisation, those that wait for somebody."""

from .papers import (
    Filters,
    batch,
    chosen,
    document_for,
    documents_of,
    filters_from,
    kind_names,
    listing,
    of_own_office,
    paper_for,
    registry,
    waiting,
    waiting_count,
)

__all__ = [
    "Filters",
    "batch",
    "chosen",
    "document_for",
    "documents_of",
    "filters_from",
    "kind_names",
    "listing",
    "of_own_office",
    "paper_for",
    "registry",
    "waiting",
    "waiting_count",
]
