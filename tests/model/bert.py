"""Tiny encoders with heads, and both ways of splitting text: a kind in, a folder out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from promptbench.model.local.mask import masked
from promptbench.model.local.tokenizer import Tokenizer as OurTokenizer
from promptbench.record import Choice, Encoded, Message, Request, Sampling

WORDS = [f"w{n}" for n in range(40)] + ["good", "bad", "fine", "it", "was", "all", ".", "(", ")"]
PIECES = ["aw", "##ful", "##ly"]
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 192,
    "initializer_range": 0.2,
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "albert": ("Albert", {"embedding_size": 16}),
    "bert": ("Bert", {}),
    "camembert": ("Camembert", {}),
    "deberta": ("Deberta", {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    "deberta-v2": ("DebertaV2", {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    "distilbert": (
        "DistilBert",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    ),
    "electra": ("Electra", {"embedding_size": 16}),
    "modernbert": (
        "ModernBert",
        {"local_attention": 8, "global_attn_every_n_layers": 2, "initializer_cutoff_factor": 2.0},
    ),
    "mpnet": ("MPNet", {}),
    "roberta": ("Roberta", {}),
    "xlm-roberta": ("XLMRoberta", {}),
    # Mixes whatever is in a batch's row, padding included.
    "fnet": ("FNet", {}),
}
BYTE_LEVEL = ("roberta", "modernbert")


def write_encoder(folder: Path, kind: str, head: str = "MaskedLM", **settings: Any) -> Path:
    """Write a model with a head of its own and its tokenizer."""
    tokenizer = byte_level() if kind in BYTE_LEVEL else word_pieces()
    family, sizes = KINDS[kind]
    special = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
    }
    config = getattr(transformers, f"{family}Config")(**SIZES | special | sizes | settings)
    torch.manual_seed(5)
    name = f"{family}For{head}" if head else f"{family}Model"
    model = getattr(transformers, name)(config).eval()
    stir(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def stir(model: torch.nn.Module) -> None:
    """Make biases and norms count too: they begin as zeros and ones."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)


def word_pieces() -> PreTrainedTokenizerFast:
    """BERT's way, without capital letters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: i for i, token in enumerate([*special, *WORDS, *PIECES])}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=made, **dict(zip(names, special, strict=True)))


def byte_level() -> PreTrainedTokenizerFast:
    """RoBERTa's way: a space belongs to the word behind it, and the mask takes it along."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    # "fine" is a token only behind a space, "bad" only without one; the others are both.
    made.train_from_iterator([" good", "good", " fine", "bad", "was", " it was all"] * 3, trainer)
    made.post_processor = TemplateProcessing(
        "<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
    )


def choosing(tokenizer: OurTokenizer, text: str, choice: Choice, cloze: bool = True) -> Request:
    """A request to choose after a prompt, its mask put in."""
    text = masked(text, tokenizer) if cloze else text
    ids = tuple(tokenizer.ids(text))
    encoded = Encoded(text, ids, len(ids))
    return Request(f"{text!r}", (Message("user", text),), encoded, Sampling(choice=choice))


def labels(*names: str, words: Sequence[Sequence[str]] | None = None, **more: Any) -> Choice:
    """A choice among names, each its own word unless others are given."""
    found = words if words is not None else [[name] for name in names]
    return Choice(names, tuple(tuple(one) for one in found), **more)
