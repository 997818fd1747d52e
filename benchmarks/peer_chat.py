"""The peer, transformers' generate: python peer_chat.py MODEL_DIR WORKLOAD OUT held|plain.

It leads one dialogue at a time and imports nothing of promptbench. `held` hands the keys and values
of a turn back to the next one, cut to what both have in common; `plain` reads everything anew.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

TOKENS = 48  # of a reply, at most


def main(model_dir: str, workload: str, out: str, way: str = "held") -> None:
    """Write seconds, replies as token ids, and peak memory as JSON."""
    dialogues = json.loads(Path(workload).read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32).eval()
    started = time.perf_counter()
    outputs = [lead(model, tokenizer, texts, way == "held") for texts in dialogues]
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(out).write_text(json.dumps({"wall": wall, "outputs": outputs, "peak_gb": peak}))


@torch.inference_mode()
def lead(model: Any, tokenizer: Any, texts: list[str], hold: bool) -> list[list[int]]:
    """One dialogue: the reply to each turn as token ids."""
    said: list[dict[str, str]] = []
    cache: Any = None
    before: list[int] = []
    replies = []
    for text in texts:
        said.append({"role": "user", "content": text})
        prompt = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        if hold:
            cache = cache if cache is not None else DynamicCache(config=model.config)
            if too_many := cache.get_seq_length() - common_length(before, ids):
                cache.crop(-too_many)
        tensor = torch.tensor([ids])
        whole = model.generate(
            tensor,
            attention_mask=torch.ones_like(tensor),
            past_key_values=cache,
            max_new_tokens=TOKENS,
            do_sample=False,
        )[0].tolist()
        before = whole[:-1]  # the last token was never read
        replies.append(whole[len(ids) :])
        ended = replies[-1][-1] in ends_of(model)  # not every end is a special token
        reply = tokenizer.decode(replies[-1][: -1 if ended else None], skip_special_tokens=True)
        said.append({"role": "assistant", "content": reply.strip()})
    return replies


def ends_of(model: Any) -> list[int]:
    """The tokens that end a reply."""
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def common_length(first: list[int], second: list[int]) -> int:
    """How many tokens both begin with; at least one of the second is left to be read."""
    limit = min(len(first), len(second) - 1)
    return next((i for i in range(limit) if first[i] != second[i]), limit)


if __name__ == "__main__":
    main(*sys.argv[1:])
