"""The setting of proofs of work as operators write it."""

import pytest

from workers.booking.domain.proof_of_work import ProofOfWork, parse_proof_of_work


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("", ProofOfWork(tries=200, holds=20, share=80)),
        ("tries=0", ProofOfWork(tries=0)),
        ("share=100,tries=99999,holds=999", ProofOfWork(tries=99999, holds=999, share=100)),
        ("holds=1", ProofOfWork(holds=1)),
    ],
)
def test_a_text_changes_what_it_names(text, setting):
    assert parse_proof_of_work(text) == setting


@pytest.mark.parametrize(
    "text",
    ["tries", "tries=", "tries=-1", "tries=100000", "holds=0", "holds=1000", "share=0", "share=101", "x=1", "a b"],
)
def test_another_text_is_an_error_that_says_what_is_allowed(text):
    with pytest.raises(ValueError, match="tries=0 to tries=99999"):
        parse_proof_of_work(text)
