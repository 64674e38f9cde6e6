"""What made-up families send by the page that their letter leads to."""

from dataclasses import dataclass
from typing import Final

from app.family.models.family_answer import INTERPRETER, MEETING, NOTE, REACH, RECEIPT


@dataclass(frozen=True)
class Answer:
    """One, so many school days after the letter was written."""

    kind: str
    days: int
    hour: int
    text: str = ""
    spanish: str = ""
    #: For an interpreter.
    language: str = ""
    #: How they would rather be reached.
    way: str = ""


EARLIER: Final = (
    Answer(RECEIPT, 4, 18),
    Answer(RECEIPT, 5, 7),
    Answer(
        MEETING,
        4,
        19,
        "Mornings before work are best for me. Could we meet at 7:30?",
        "Puedo por la mañana, antes del trabajo. ¿Podemos vernos a las 7:30?",
    ),
    Answer(
        NOTE,
        5,
        20,
        "Two of these days she had a fever. I called the office on the first one.",
        "Dos de esos días tenía fiebre. El primer día llamé a la oficina.",
    ),
    Answer(RECEIPT, 6, 12),
    Answer(
        NOTE,
        6,
        17,
        "The bus did not come on Monday and nobody could drive. It has come late three times this month.",
        "El lunes no pasó el autobús y nadie podía llevarle. Este mes ha llegado tarde tres veces.",
    ),
    Answer(RECEIPT, 7, 21),
    Answer(REACH, 7, 13, "I work nights. A call after 2 pm reaches me.", way="phone"),
)
LATELY: Final = (
    Answer(RECEIPT, 3, 18),
    Answer(
        NOTE,
        4,
        19,
        "We were at my mother's because of the funeral. I will send the paper.",
        "Estuvimos con mi madre por el funeral. Voy a mandar el papel.",
    ),
    Answer(INTERPRETER, 5, 16, language="es"),
    Answer(
        MEETING,
        5,
        20,
        "Please call me first. Things are hard at home right now.",
        "Por favor, llámeme antes. Ahora las cosas están difíciles en casa.",
    ),
    Answer(RECEIPT, 6, 8),
)
#: What somebody of the office wrote when they had seen to the first that waited.
SEEN_TO: Final = "Called back. They come on Thursday at 7:30."
