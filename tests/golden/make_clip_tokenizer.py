#!/usr/bin/env python3
"""Makes tests/golden/data/clip_tokenizer/: a small vocabulary in CLIP's files, learned from the text below, and the ids that
transformers' CLIPTokenizer gives for prompts that are hard to cut.

    pip install transformers
    tests/golden/make_clip_tokenizer.py
"""
import collections
import json
import pathlib

from transformers import CLIPTokenizer

FOLDER = pathlib.Path(__file__).resolve().parent / "data" / "clip_tokenizer"
MERGES = 260
TEXT = """
a photograph of an old fisherman mending his nets on the quay, morning light, film grain, highly detailed
a photograph of a red bicycle leaning against the wall of a bakery; the baker isn't there, they're inside, it's 5:30
portrait of a woman with freckles, soft light, 85mm, shallow depth of field, don't crop the hands
an oil painting of a lighthouse in a storm, in the style of the nineteenth century, dramatic clouds
the cat sat on the mat and the dog's ball rolled under the table, we've seen it, I'll fetch it, I'm sure you'd laugh
isometric drawing of a small house with a garden, trees, a river and a bridge, pastel colours
森の中の小さな家、朝の光、写真。古い漁師が網を直している写真。夕焼けの海と灯台の油絵。
東京の夜景、雨の日の写真、ネオンの光。猫が窓のそばで眠っている、やわらかい光、高精細。
café crème à la française, über große Straßen, señorita en la niñez
"""
LONG = "supercalifragilisticexpialidocious" * 3
PROMPTS = [
    "a photo of a cat", "A PHOTO   of\t a\n\ncat!!", "", "   ", "don't they're we've I'll I'm you'd it's dog'S", "12345 3.14 ½ Ⅷ ² ٣",
    "森の中の小さな家、朝の光、写真", "ガラスと がらす とｶﾞﾗｽ 東京タワー", "か\u3099き\u3099 cafe\u0301 ÅÅ ﬁne", "😀👩‍👩‍👧 🇯🇵 emoji❤️!",
    "Ünïcödé STRASSE straße İstanbul ΣΊΣΥΦΟΣ", LONG, "under_score-hyphen/slash\\back 'quoted' \"double\" (a:1.2) [b|c]",
    "a <|endoftext|> b <|startoftext|>c <|ENDOFTEXT|>", "नमस्ते दुनिया สวัสดี مرحبا 한국어 한국어", "\u200bzero\u200dwidth\u00a0nbsp\u3000ideographic\u0085next",
    "the " * 90, "!", "wow! really!! 'tis", "\ufffd\ufeffbom \u00ad soft", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Ａ１ ①Ⓐ ǅ ẞ Ა",
]
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]


def characters() -> list[str]:
    """GPT-2's printable characters of the 256 bytes."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in kept else chr(next(others)) for byte in range(256)]


def learn(backend) -> list[tuple[str, str]]:
    counts = collections.Counter(piece for piece, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(TEXT)))
    words = {(*piece[:-1], piece[-1] + "</w>"): count for piece, count in counts.items()}
    merges = []
    for _ in range(MERGES):
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        joined = {}
        for word, count in words.items():
            out = []
            for symbol in word:
                if out and (out[-1], symbol) == best:
                    out[-1] += symbol
                else:
                    out.append(symbol)
            joined[tuple(out)] = count
        words = joined
    return merges


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    merges = learn(CLIPTokenizer().backend_tokenizer)
    alphabet = characters()
    words = alphabet + [c + "</w>" for c in alphabet] + [a + b for a, b in merges] + SPECIAL
    # CLIP's own file begins with "!", its pad in Stable Diffusion 2.
    words.remove("!")
    words.insert(0, "!")
    vocabulary = {word: number for number, word in enumerate(words)}
    assert len(vocabulary) == len(words)
    expected = []
    for pad in ("<|endoftext|>", "!"):
        tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=77)
        for prompt in PROMPTS:
            expected.append({"pad": pad, "prompt": prompt, "ids": tokenizer(prompt, add_special_tokens=False)["input_ids"],
                             "padded": tokenizer(prompt, padding="max_length", truncation=True)["input_ids"]})
    dump = dict(ensure_ascii=False, separators=(",", ":"))
    (FOLDER / "vocab.json").write_text(json.dumps(vocabulary, **dump), encoding="utf-8")
    (FOLDER / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")
    for path in FOLDER.iterdir():
        path.chmod(0o644)


if __name__ == "__main__":
    main()
