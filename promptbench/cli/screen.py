"""The two screens of a talk: a terminal that a person sits before, and a pipe."""

from __future__ import annotations

import sys
from contextlib import suppress

from rich.cells import cell_len

from promptbench.cli.escape import escaped
from promptbench.cli.main import tell as tell_error
from promptbench.cli.terminal import out, plain
from promptbench.error import DataError, PromptbenchError, not_utf8

PROMPT = "> "
FURTHER = ". "
# A line that ends so goes on in the next one.
ON = "\\"
NARROWEST = 20


class Terminal:
    """A person reads and writes: replies appear as they come, whole words on a line."""

    live = True

    def __init__(self) -> None:
        """Lines can be edited and called back; what is pasted comes as one text."""
        with suppress(ImportError):  # a Python may be built without it
            import readline

            readline.parse_and_bind("set enable-bracketed-paste on")
        self.console = out()
        self.column = 0
        self.word = ""

    def read(self) -> str | None:
        """See Screen."""
        try:
            line = input(PROMPT)
            while line.endswith(ON):
                line = f"{line[:-1]}\n{input(FURTHER)}"
        except (EOFError, KeyboardInterrupt):
            self.write("\n")
            return None
        except UnicodeDecodeError as error:
            self.fail(not_text(error))
            return ""
        return line

    def piece(self, text: str) -> None:
        """See Screen."""
        for character in escaped(text):
            if character.isspace():
                self.put_word()
                self.put_space(character)
            else:
                self.word += character

    def put_word(self) -> None:
        """Write the word that is whole now, in the next line if this one has no room for it."""
        width = cell_len(self.word)
        if self.column and self.column + width > max(NARROWEST, self.console.width):
            self.write("\n")
            self.column = 0
        self.write(self.word)
        self.column += width
        self.word = ""

    def put_space(self, space: str) -> None:
        """Write what stands between words."""
        if space == "\n":
            self.column = 0
        elif self.column + 1 >= max(NARROWEST, self.console.width):
            space, self.column = "\n", 0
        else:
            space, self.column = " " if space != "\t" else "    ", self.column + 1
        self.write(space)

    def end(self) -> None:
        """See Screen."""
        self.put_word()
        if self.column:
            self.write("\n")
        self.column = 0

    def tell(self, text: str) -> None:
        """See Screen."""
        self.console.print(plain(text), soft_wrap=False)

    def note(self, text: str) -> None:
        """See Screen."""
        self.console.print(plain(text, "dim"), soft_wrap=False)

    def fail(self, error: PromptbenchError) -> None:
        """See Screen."""
        tell_error(str(error))

    def write(self, text: str) -> None:
        """Put safe text onto the terminal at once."""
        sys.stdout.write(text)
        sys.stdout.flush()


class Pipe:
    """Lines come from a file or a program: replies, whole and plain, go to the next one."""

    live = False

    def read(self) -> str | None:
        """See Screen. Raises DataError for what is not UTF-8."""
        line = self.line()
        while line is not None and line.endswith(ON):
            line = f"{line[:-1]}\n{self.line() or ''}"
        return line

    def line(self) -> str | None:
        """The next line, without its end."""
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError as error:
            raise not_text(error) from error
        return line.rstrip("\r\n").removeprefix("\ufeff") if line else None

    def piece(self, text: str) -> None:
        """See Screen."""
        sys.stdout.write(escaped(text))

    def end(self) -> None:
        """See Screen."""
        sys.stdout.write("\n")
        sys.stdout.flush()

    def tell(self, text: str) -> None:
        """See Screen."""
        self.piece(text)
        self.end()

    def note(self, text: str) -> None:
        """See Screen: nobody reads it."""

    def fail(self, error: PromptbenchError) -> None:
        """See Screen."""
        tell_error(str(error))


def not_text(error: UnicodeDecodeError) -> DataError:
    """What is said must be UTF-8."""
    return DataError(f"what is said is {not_utf8(error)}", where="stdin", hint="Say it in UTF-8.")
