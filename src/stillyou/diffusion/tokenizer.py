"""The embedded model's own vocabulary: CLIP's tokenizer class with at most 1,024 tokens.

CLIP's vocabulary alone would cost 12.6 M parameters of embeddings. Bytes are the base, so any text can be written;
whole words are merged for what portrait effects are described with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

VOCABULARY_SIZE = 1024
_START, _END = "<|startoftext|>", "<|endoftext|>"
_SUFFIX = "</w>"

_COMMON_WORDS = """
a an the of with in on and wearing dressed as like for his her their no without person man woman boy girl child baby
people portrait photo photograph picture drawing painting cartoon character avatar face head body creature animal
costume outfit dress suit coat jacket shirt sweater hoodie hat cap crown hood helmet mask scarf collar cape robe glasses
sunglasses necklace earrings jewelry beard mustache hair hairstyle makeup eyes mouth skin expression smile smiling
laughing crying angry shocked surprised sad happy neutral calm scared sleepy winking young old older younger golden
silver red green blue yellow orange pink purple white black brown grey gray dark light bright colorful cute traditional
palace royal king queen prince princess knight wizard witch pirate ninja samurai cowboy astronaut superhero robot zombie
vampire ghost pumpkin halloween christmas santa claus elf reindeer snowman winter summer spring autumn flower flowers
rose sunflower leaf leaves sheep lamb wool woolly bunny rabbit cat dog bear fox lion tiger panda unicorn dragon bird
frog bee butterfly police doctor nurse chef firefighter soldier sailor pilot student teacher business sport football
basketball wedding party festival style watercolor oil pencil sketch comic anime pixel toon clay wood stone gold
striped dotted plaid leather fur lace silk denim long short curly straight big small left right looking
"""


def build_tokenizer(prompts: Iterable[str], max_length: int = 32) -> CLIPTokenizer:
    """Build the byte-pair vocabulary from prompts and common words.

    Args:
        prompts: Texts that should be cheap to write, usually the catalogue's prompts.
        max_length: Tokens of a padded prompt.

    Returns:
        A tokenizer of at most `VOCABULARY_SIZE` tokens that can write any text.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    base = alphabet + [letter + _SUFFIX for letter in alphabet]
    merges = _learn_merges([*prompts, _COMMON_WORDS], VOCABULARY_SIZE - len(base) - 2)
    vocabulary = {token: index for index, token in enumerate([*base, *("".join(m) for m in merges), _START, _END])}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=max_length)


def _learn_merges(texts: list[str], count: int) -> list[tuple[str, str]]:
    """Return up to `count` byte-pair merges, most useful first."""
    shell = CLIPTokenizer()._tokenizer  # the class's own normaliser and splitter
    learner = Tokenizer(models.BPE(end_of_word_suffix=_SUFFIX))
    learner.normalizer, learner.pre_tokenizer = shell.normalizer, shell.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=4 * VOCABULARY_SIZE, end_of_word_suffix=_SUFFIX, show_progress=False, min_frequency=1
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]["merges"]
    return [(left, right) for left, right in learned][:count]
