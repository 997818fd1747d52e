"""Models of a few thousand random parameters: a kind in, a transformers folder out.

Their tokens are whole words (`w0`, `w1`, ...), so that equal texts are equal token ids.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from promptbench.model.local.local import LocalModel
from promptbench.record import Completion, Message, Request, Sampling
from promptbench.run.fingerprint import fingerprint

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
WORDS = [f"w{n}" for n in range(60)]
END = 2
# Ends that are no special tokens, as many chat models have some beside their tokenizer's.
ENDING_WORDS = ("w7", "w41")
ENDS = (END, *(len(SPECIAL) + WORDS.index(word) for word in ENDING_WORDS))

SIZES: dict[str, Any] = {
    "vocab_size": len(SPECIAL) + len(WORDS),
    "bos_token_id": 1,
    "eos_token_id": END,
    "pad_token_id": 0,
    "initializer_range": 0.6,
}
LLAMA: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", LLAMA),
    "mistral": ("Mistral", LLAMA | {"sliding_window": 8}),
    "qwen2": ("Qwen2", LLAMA),
    "gpt2": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}),
    "t5": (
        "T5",
        {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}
        | {"decoder_start_token_id": 0, "initializer_factor": 2.0},
    ),
}
CLASSES = {"GPT2": "GPT2LMHeadModel", "T5": "T5ForConditionalGeneration"}


def write_tiny(folder: Path, kind: str, **settings: Any) -> Path:
    """Write a model with its tokenizer; `settings` replace those of its config."""
    family, sizes = KINDS[kind]
    config = getattr(transformers, f"{family}Config")(**SIZES | sizes | settings)
    torch.manual_seed(3)
    model = getattr(transformers, CLASSES.get(family, f"{family}ForCausalLM"))(config)
    model.generation_config.eos_token_id = list(ENDS)
    model.save_pretrained(folder)
    ending = "$A </s>" if kind == "t5" else "<s> $A"
    write_tokenizer(folder, processing=ending)
    return folder


def write_family(folder: Path, name: str, **settings: Any) -> Path:
    """Write a model of a family that `KINDS` does not name, such as Mamba; see write_tiny."""
    config = getattr(transformers, f"{name}Config")(**SIZES | settings)
    torch.manual_seed(3)
    model = getattr(transformers, f"{name.removesuffix('Text')}ForCausalLM")(config)
    model.generation_config.eos_token_id = list(ENDS)
    model.save_pretrained(folder)
    write_tokenizer(folder, processing="<s> $A")
    return folder


def write_tokenizer(folder: Path, processing: str = "", template: str = "") -> Path:
    """Write a tokenizer of whole words; `processing` says what it puts around a text."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if processing:
        used = [(t, vocabulary[t]) for t in ("<s>", "</s>") if t in processing]
        words.post_processor = processors.TemplateProcessing(processing, special_tokens=used)
    names = dict(zip(("pad_token", "bos_token", "eos_token", "unk_token"), SPECIAL, strict=True))
    made = PreTrainedTokenizerFast(tokenizer_object=words, **names)
    if template:
        made.chat_template = template
    made.save_pretrained(folder)
    return folder


def texts(number: int, *, shared: int = 0, longest: int = 20) -> list[str]:
    """Prompts of different lengths; the first `shared` words are the same in all."""
    draw = random.Random(number + shared)
    beginning = draw.choices(WORDS, k=shared)
    return [
        " ".join([*beginning, *draw.choices(WORDS, k=draw.randint(1, longest))])
        for _ in range(number)
    ]


def requests(model: LocalModel, prompts: Iterable[str], **sampling: Any) -> list[Request]:
    """A request for each prompt."""
    return [request(model, prompt, **sampling) for prompt in prompts]


def request(model: LocalModel, prompt: str, **sampling: Any) -> Request:
    messages = (Message("user", prompt),)
    chosen = Sampling(**{"max_tokens": 12} | sampling)
    encoded = model.encode(messages)
    key = fingerprint(model.info.identity, encoded, messages, chosen, 0)
    return Request(key, messages, encoded, chosen)


def answers(model: LocalModel, asked: Sequence[Request]) -> dict[str, Completion]:
    """All completions of one stream; each request has exactly one."""
    done = [completion for batch in model.stream(asked) for completion in batch]
    by_key = {completion.key: completion for completion in done}
    assert len(by_key) == len(done) == len(asked)
    return by_key


def reference(model: LocalModel, asked: Request, **settings: Any) -> tuple[str, int, str]:
    """Text, number of tokens and finish reason as transformers' generate() has them, greedy."""
    plain = plain_model(model.checkpoint.folder, model.info.family)
    ids = torch.tensor([asked.encoded.ids])
    with torch.inference_mode():
        found = plain.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=asked.sampling.max_tokens,
            do_sample=False,
            **settings,
        )[0].tolist()
    tokens = found[1:] if model.info.family == "encoder-decoder" else found[ids.shape[1] :]
    ended = tokens[-1] in ENDS
    text = model.tokenizer.decode(tokens[:-1] if ended else tokens)
    return text.strip(), len(tokens), "stop" if ended else "length"


@lru_cache(maxsize=8)
def plain_model(folder: Path, family: str) -> Any:
    """A folder's model as transformers alone loads it."""
    seq2seq = family == "encoder-decoder"
    kind: Any = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
    return kind.from_pretrained(folder, dtype=torch.float32).eval()


def told(completion: Completion) -> tuple[str, int, str]:
    return completion.text, completion.output_tokens, completion.finish_reason
