"""Train a tokenizer on a text: documents in, a byte-level BPE with its special tokens out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from promptbench.error import InputError
from promptbench.pretrain.architecture import Arch

SENTINELS = tuple(f"<extra_id_{number}>" for number in range(100))
BYTES = 256
LEAST, MOST = 512, 8192
LARGEST = 65_536
# Bytes of text for a token of the vocabulary: below about a hundred most tokens are too rare.
SHARE = 128


@dataclass(frozen=True, slots=True)
class Special:
    """A family's special tokens, in the order of their ids; `around` is put around a text."""

    roles: dict[str, str]
    around: str
    more: tuple[str, ...] = ()

    @property
    def tokens(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.roles.values(), *self.more]))


# A prompt begins as a document began in the training: behind the token that ends the one before.
END_OF_TEXT = "<|endoftext|>"
DECODER = Special(
    {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "pad_token": "<|pad|>"},
    f"{END_OF_TEXT} $A",
)
SPECIALS: dict[Arch, Special] = {
    "gpt2": DECODER,
    "llama": DECODER,
    "t5": Special(
        {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
        "$A </s>",
        SENTINELS,
    ),
    "bert": Special(
        {
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
        },
        "[CLS] $A [SEP]",
    ),
}


def default_size(size: int) -> int:
    """A vocabulary for a text of `size` bytes: a power of two between 512 and 8,192."""
    wanted = LEAST
    while wanted < MOST and wanted * SHARE < size:
        wanted *= 2
    return wanted


def train_tokenizer(texts: Iterable[str], arch: Arch, size: int, context: int) -> Any:
    """A PreTrainedTokenizerFast of at most `size` tokens: a small text may not hold so many.

    Byte-level BPE (Radford et al. 2019, section 2.2) for every family: each text can be written in
    it and comes back as it was. Raises InputError for a size that cannot hold bytes and specials.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    special = SPECIALS[arch]
    check_size(size, arch)
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=[added(special, token) for token in special.tokens],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return finished(made, special, context)


def finished(made: Any, special: Special, context: int) -> Any:
    """The tokenizer with what it puts around a text, as transformers loads and saves it."""
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    used = [(token, made.token_to_id(token)) for token in special.tokens if token in special.around]
    made.post_processor = TemplateProcessing(single=special.around, special_tokens=used)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
        additional_special_tokens=list(special.more),
        **{role: added(special, token) for role, token in special.roles.items()},
    )


def added(special: Special, token: str) -> Any:
    """A special token; the space before a mask belongs to the word that the mask stands for."""
    from tokenizers import AddedToken

    mask = special.roles.get("mask_token") == token
    return AddedToken(token, lstrip=mask, special=True, normalized=False)


def check_size(size: int, arch: Arch) -> None:
    """Every byte needs a token of its own. Raises InputError."""
    specials = len(SPECIALS[arch].tokens)
    least = BYTES + specials + 1
    if not least <= size <= LARGEST:
        raise InputError(
            f"--vocabulary is {size}",
            hint=f"It may be {least} (256 bytes, {specials} special tokens) to {LARGEST:,}.",
        )


def encode(tokenizer: Any, text: str) -> list[int]:
    """A text's tokens and nothing around them; the name of a special token in it is only text."""
    inner = tokenizer.backend_tokenizer
    inner.encode_special_tokens = True
    try:
        found: list[int] = inner.encode(text, add_special_tokens=False).ids
    finally:
        inner.encode_special_tokens = False
    return found
