"""A cloze: a prompt with one [MASK], and for each word the token that may stand there."""

from __future__ import annotations

from functools import lru_cache

from promptbench.error import ModelError
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Choice

MASK = "[MASK]"  # as a prompt has it, whatever the model's own is
ONCE = f"Write {MASK} once, where the label's word belongs, as in `All in all it was {MASK}.`"
OTHERWISE = (
    "Name another word for the label (`labels: {LABEL: [WORD, ...]}`), or take a checkpoint with a"
    " classification head (...ForSequenceClassification), or a model that writes (GPT, LLaMA, T5)."
)

Tokens = tuple[tuple[int, ...], ...]


def masked(text: str, tokenizer: Tokenizer) -> str:
    """A prompt with the tokenizer's own mask token in place of its [MASK].

    Raises ModelError if the prompt has none, or several, or if the tokenizer knows no mask.
    """
    own = mask_of(tokenizer)
    if MASK not in text:
        raise ModelError(f"the prompt has no {MASK}, which this model is to fill in", hint=ONCE)
    number = sum(text.count(mask) for mask in {MASK, own})
    if number > 1:
        raise ModelError(
            f"the prompt has {number} masks, and this model is to fill in one",
            hint=ONCE + " It may not occur in the data either.",
        )
    return text.replace(MASK, own)


def mask_of(tokenizer: Tokenizer) -> str:
    """The tokenizer's mask token. Raises ModelError if it has none."""
    found = tokenizer.inner.mask_token
    if found is None:
        raise ModelError(
            "the tokenizer knows no mask token",
            where=str(tokenizer.folder),
            hint='Its tokenizer_config.json must name one, as in "mask_token": "[MASK]".',
        )
    return str(found)


def word_tokens(choice: Choice, text: str, tokenizer: Tokenizer) -> Tokens:
    """The token of each word at the mask of `text`, as `masked` returns it: [i][j] for words[i][j].

    A byte-level tokenizer (RoBERTa) has other tokens for a word behind a space than for one at the
    beginning of a text: all words are taken in the form of the mask's place if each is one token
    in it, else in the other form. Raises ModelError for a word that is no token, or several, and
    for two labels whose words are the same token.
    """
    before = text[: text.index(mask_of(tokenizer))]
    return tokens_at(choice, before[-1:].isspace(), tokenizer)


@lru_cache(maxsize=64)
def tokens_at(choice: Choice, behind_space: bool, tokenizer: Tokenizer) -> Tokens:
    """See `word_tokens`."""
    forms = (" ", "") if behind_space else ("", " ")
    pieces = [
        [[pieces_of(gap + word.strip(), tokenizer) for word in words] for words in choice.words]
        for gap in forms
    ]
    whole = next((form for form in pieces if all(one_token(p) for w in form for p in w)), None)
    if whole is None:
        raise not_one_token(choice, pieces[0], tokenizer)
    found = tuple(tuple(word[0] for word in words) for words in whole)
    refuse_same(choice, found)
    return found


def pieces_of(text: str, tokenizer: Tokenizer) -> list[int]:
    """The tokens that a word falls into; none if it has a part that the vocabulary lacks."""
    found = [int(i) for i in tokenizer.inner(text, add_special_tokens=False)["input_ids"]]
    return [] if tokenizer.inner.unk_token_id in found else found


def one_token(pieces: list[int]) -> bool:
    """Whether a word is one token."""
    return len(pieces) == 1


def not_one_token(choice: Choice, form: list[list[list[int]]], tokenizer: Tokenizer) -> ModelError:
    """What to say of the first word that is not one token."""
    flat = [
        (word, pieces)
        for words, found in zip(choice.words, form, strict=True)
        for word, pieces in zip(words, found, strict=True)
    ]
    # A form fails by some word of its own, so there is one.
    word, pieces = next((word, pieces) for word, pieces in flat if not one_token(pieces))
    if not pieces:
        return ModelError(f"the label word '{word}' is not in the vocabulary", hint=OTHERWISE)
    parts = ", ".join(tokenizer.inner.convert_ids_to_tokens(pieces))
    return ModelError(
        f"the label word '{word}' is {len(pieces)} tokens ({parts}), and a mask is one",
        hint=OTHERWISE,
    )


def refuse_same(choice: Choice, tokens: Tokens) -> None:
    """Labels that share a token could not be told apart."""
    owners: dict[int, str] = {}
    for label, found in zip(choice.labels, tokens, strict=True):
        for token in found:
            other = owners.setdefault(token, label)
            if other != label:
                raise ModelError(
                    f"the labels '{other}' and '{label}' have words that are one token here",
                    hint="Many vocabularies know no capital letters. " + OTHERWISE,
                )
