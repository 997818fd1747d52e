"""The phrases by which English assistants speak of themselves as what they are: programs."""

from __future__ import annotations

import regex

MODEL = r"(?:AI|artificial intelligence|LLM|(?:language|AI|machine[ -]learning) model)"
PROGRAM = (
    rf"(?:{MODEL}|chat ?bot|bot|robot|program|algorithm|(?:virtual|digital|automated) assistant)"
)
KIND = (
    r"(?:(?:large|small|big|advanced|sophisticated|simple|mere|helpful|friendly|smart|trained"
    r"|text-based|pre-?trained|conversational|generative|computer|software|virtual|digital"
    r"|AI-powered|AI|open-source),? )*"
)
# "I'm an AI researcher" names a profession: only these may follow.
ENDS = (
    r"(?=\W*$|[^\w\s'-]|-based\b| (?:language|model|assistant|system|chat ?bot|bot|companion"
    r"|program|created|made|built|developed|designed|trained|programmed|powered|and|but|so|that|which|who"
    r"|without|with|here|not|or|I)\b)"
)
# "a dedicated and caring AI assistant", but not "a big fan of AI".
ANY = r"(?:(?!(?:of|to|for|with|who|that|a|an|the)\b)[\w-]+ ){0,4}"
ADVERB = r"(?: (?:just|only|merely|simply|actually|really|still|but|also|more of))"
I_AM = r"I(?:'m| am)"
I_WAS = r"I(?:'m| am| was|'ve been| have been)(?: specifically)?"
I_LACK = r"I (?:do not|don't) (?:actually |really )?(?:have|possess|experience|hold)(?: any)?"
MAKERS = "OpenAI|Anthropic|Google|Meta|Microsoft|Hugging ?Face|Mistral|DeepMind|Alibaba|DeepSeek"
PHRASES = (
    rf"(?:as|being) an? {ANY}{MODEL}{ENDS}",
    rf"as an? {KIND}(?:{PROGRAM}|assistant),? (?:I|my)",
    rf"{I_AM}(?: \w+,)?{ADVERB}{{0,2}} (?:an?|your|the) (?:{KIND}{PROGRAM}{ENDS}"
    rf"|{ANY}(?:AI|language) (?:assistant|model|system)|{ANY}chat ?bot|helpful assistant)",
    rf"{I_AM}{ADVERB}? not (?:human|a human(?: being)?|an? (?:real|actual) (?:person|human))",
    r"(?:as|I'm|I am)(?: just| only)? a (?:fictional )?character in (?:a|the|this) (?:story|game)",
    r"my training (?:data|set|cut-?off)|(?:my|the) knowledge cut-?off",
    r"my (?:training|knowledge) (?:only goes|goes up|ends|ended|was last|does not|doesn't)",
    r"my programming (?:does|doesn't|prevents|prohibits|forbids|won't|only|is|allows)",
    rf"{I_WAS} (?:programmed|coded) (?:to|by|with|not)",
    rf"{I_WAS} designed to (?:assist|help|provide|answer|respond|process|follow)",
    rf"{I_WAS} trained on (?:an? )?(?:vast|large|massive|huge|diverse|data|text|internet|books)",
    rf"(?:created|made|developed|trained|built|designed) by (?:{MAKERS})",
    r"OpenAI|ChatGPT|GPT-?[345]\w*|SmolLM\w*",
    rf"{I_LACK} (?:personal|human|real) (?:feelings|emotions|opinions|beliefs|preferences)",
    rf"{I_LACK} (?:feelings|emotions|consciousness) (?:or|like humans|like a human|in the way)",
    rf"{I_LACK} a physical (?:body|form|presence)",
    rf"{I_LACK} (?:direct )?access to (?:real-?time|live|current) (?:data|information)",
)
BREACH = regex.compile(rf"(?<!\w)(?:{'|'.join(PHRASES)})(?!\w)", regex.IGNORECASE)


def find_breach(text: str) -> str:
    """The first phrase of an even text (see phrase.even) that speaks so; "" if none does."""
    found = BREACH.search(text)
    return found[0] if found else ""
