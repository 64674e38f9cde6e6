"""The texts that we ship, in English and Spanish, each a draft until a person of the district approves it.

Written after what was found to work: the number of days is said, nobody is blamed, there is one thing to do, and a
person with a name and a telephone to do it with. In a trial with 131,312 families a letter of fewer than 150 words
at the level of the fifth grade was some 40 percent more effective than the one in legal language (Lasky-Fink and
others, Educational Researcher, 2021, doi 10.3102/0013189X211000749); telling parents the total of days absent
lowered chronic absence by a tenth or more (Rogers and Feller, Nature Human Behaviour, 2018).

Passages stand for what a law asks. Where it asks for something that differs from place to place (what follows from
more absences), none is shipped: the district's counsel writes it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Text:
    """A heading, a text, and what a text message says instead, with placeholders."""

    heading: str
    body: str
    #: For a text message, without an accent that would cost a second part.
    line: str


#: In each language in which we are certain of the text.
LETTER: Final = {
    "en": Text(
        "((student)) has missed ((days)) days of school",
        "Dear ((guardian)),\n\n"
        "((student)) has missed ((days)) days of school this year. ((unexcused)) of these days have no "
        "excuse on file.((earlier school?? Some of the days were at the school before ours. It wrote them "
        "down.))\n\n"
        "Days add up fast, and it is easy to lose count. A child who is in class each day can keep up with "
        "the others. We know that you want ((student)) to do well. We want to help.\n\n"
        "Please call ((contact)) at ((phone)) this week. Tell us what makes it hard to come to school. We "
        "can make a plan with you.\n\n"
        "Do you have a note for one of these days? Send it to us, and we will correct the number.\n\n"
        "Thank you,\n((school))",
        "((school)): please read our message: ((family page)) Questions? ((phone)). Reply STOP to end texts.",
    ),
    "es": Text(
        "((student)) ha faltado ((days)) días a la escuela",
        "((guardian)):\n\n"
        "((student)) ha faltado ((days)) días a la escuela este año. ((unexcused)) de estos días no tienen "
        "excusa.((earlier school?? Algunos de los días fueron en la escuela anterior. Así lo anotó esa escuela.))\n\n"
        "Los días se suman muy rápido. Es fácil perder la cuenta. Quien va a clase cada día aprende más. "
        "Sabemos que usted quiere lo mejor para ((student)). Queremos ayudar.\n\n"
        "Por favor, llame a ((contact)) al ((phone)) esta semana. Díganos qué hace difícil ir a la "
        "escuela. Juntos podemos hacer un plan.\n\n"
        "¿Tiene una nota para uno de estos días? Mándela y vamos a corregir el número.\n\n"
        "Gracias,\n((school))",
        "((school)): lea nuestro mensaje: ((family page)) ¿Preguntas? ((phone)). Responda STOP para terminar.",
    ),
}

#: After a notice that does not stand any more. It says no number: what was counted was wrong.
CORRECTION: Final = {
    "en": Text(
        "A correction about ((student))",
        "Dear ((guardian)),\n\n"
        "On ((notice date)) we wrote to you about days that ((student)) missed. Some of those days have been "
        "corrected since then.\n\n"
        "That notice does not count any more. You can throw it away. You do not have to do anything.\n\n"
        "We are sorry for the trouble. If you have a question, please call ((contact)) at ((phone)).\n\n"
        "Thank you,\n((school))",
        "((school)): a notice that we sent you does not count any more. Please read it here: ((family page)) "
        "Questions? Call ((phone)). Reply STOP to end texts.",
    ),
    "es": Text(
        "Una corrección sobre ((student))",
        "((guardian)):\n\n"
        "El ((notice date)) le escribimos sobre días que ((student)) faltó a la escuela. Después se corrigieron "
        "algunos de esos días.\n\n"
        "Ese aviso ya no vale. Puede tirarlo. Usted no tiene que hacer nada.\n\n"
        "Sentimos la molestia. Si tiene una pregunta, llame a ((contact)) al ((phone)).\n\n"
        "Gracias,\n((school))",
        "((school)): un aviso que le mandamos ya no vale. Puede leerlo en: ((family page)) "
        "¿Preguntas? Llame al ((phone)). Responda STOP para no recibir mensajes.",
    ),
}

PASSAGES: Final = {
    "en": {
        "is_truant": "By state law, ((student)) is now called a truant.",
        "duty_to_compel": "The law says that a parent or guardian must see to it that a child goes to school.",
        "alternative_programs": "There are other school programs in this district. Ask us about them.",
        "right_to_meet": "You have the right to meet with school staff. We can talk about how to help ((student)).",
        "mental_health_services": "Mental health care and other help may be there for ((student)) and for you.",
        "staff_available": "Our staff can meet with you to make a plan.",
        "ten_percent_research": (
            "Studies show that a child who misses one day in ten, for any reason, may read less well, get lower "
            "grades, and not finish school."
        ),
        "duty_to_monitor": "It is your duty to watch if your child goes to school, and to make sure of it.",
        "prevention_measures": "The school may take steps by law to stop more days from being missed.",
        "conference_request": "We ask you to come to a meeting with us about these days.",
        "violation": "Days with no excuse are against the school attendance law. There are ((unexcused)) of them.",
        "attendance_record": "These are the days: ((dates)).",
        "benefits_and_duty": (
            "A child who is in school each day learns more and has more friends. By law a parent must see to it that a "
            "child is taught (Education Act 1996, section 7)."
        ),
        "support_so_far": "This is how we have tried to help: ((support so far)).",
        "support_on_offer": "This help is there for you: ((support on offer)). So is the help that we offered before.",
        "penalty_warning": (
            "If this does not change, each parent may be sent a penalty notice. That is a fine. A parent may also be "
            "taken to court."
        ),
        "improvement_period": "The time for this is from ((improvement from)) to ((improvement until)).",
        "sufficient_improvement": "This is what we need to see in that time: ((enough improvement)).",
        "penalty_before_its_end": "A fine may come before that time is over: ((fine before its end)).",
    },
    "es": {
        "is_truant": "La ley del estado dice que ((student)) tiene ahora faltas sin permiso (en inglés, “truant”).",
        "duty_to_compel": "La ley dice que los padres o tutores deben hacer que sus hijos vayan a la escuela.",
        "alternative_programs": "Hay otros programas de escuela en este distrito. Pregunte por ellos.",
        "right_to_meet": (
            "Usted tiene el derecho de hablar con el personal de la escuela. Podemos ver cómo ayudar a ((student))."
        ),
        "mental_health_services": "Puede haber ayuda de salud mental y otro apoyo para ((student)) y para usted.",
        "staff_available": "Nuestro personal puede hablar con usted para hacer un plan.",
        "ten_percent_research": (
            "Hay estudios que dicen esto: quien falta uno de cada diez días, por lo que sea, puede leer peor, sacar "
            "malas notas y no terminar la escuela."
        ),
        "duty_to_monitor": "Usted debe ver que su hijo o hija va a la escuela y hacer que vaya.",
        "prevention_measures": "Por ley, la escuela puede tomar medidas para que no haya más faltas.",
        "conference_request": "Le pedimos que venga a hablar con nosotros sobre estos días.",
        "violation": "Faltar sin excusa va contra la ley. ((student)) tiene ((unexcused)) de estos días.",
        "attendance_record": "Estos son los días: ((dates)).",
        "benefits_and_duty": (
            "Quien va a la escuela cada día aprende más y tiene más amigos. Por ley (artículo 7 de la Education Act de "
            "1996) los padres deben hacer que sus hijos reciban clases."
        ),
        "support_so_far": "Así hemos tratado de ayudar: ((support so far)).",
        "support_on_offer": "Esta ayuda es para usted: ((support on offer)). La ayuda de antes sigue ahí.",
        "penalty_warning": (
            "Si esto no cambia, cada uno de los padres puede recibir una multa (en inglés, “penalty notice”). También "
            "puede ir a juicio."
        ),
        "improvement_period": "El plazo va de ((improvement from)) a ((improvement until)).",
        "sufficient_improvement": "Esto es lo que debe cambiar en ese plazo: ((enough improvement)).",
        "penalty_before_its_end": "La multa puede llegar antes de ese plazo: ((fine before its end)).",
    },
}

#: A flag: what a notice counts is not of this school alone.
EARLIER_SCHOOL: Final = "earlier school"
#: Flags that hold where nobody says otherwise.
UNLESS_SAID: Final = {EARLIER_SCHOOL: "no"}

#: What a placeholder of these texts stands for, as the page says it.
VALUES: Final = {
    "student": "The student's name",
    "guardian": "Whom the letter is addressed to",
    "days": "Days missed this school year",
    "unexcused": "Days missed without an excuse",
    "counted": "On how many days the rule counted something",
    "dates": "Those days",
    "contact": "The person to call",
    "phone": "Their telephone",
    "school": "The school's name",
    "date": "The day of the letter",
    "notice date": "Of a correction: the day of the notice that does not count any more",
    "family page": "A link to the family's page, which expires",
    EARLIER_SCHOOL: "With ?? and words: they stand where a record of an earlier school is counted",
}

#: What else a text names is asked of whoever writes the notice: these in such words, others by their own name.
ASKED: Final = {
    "support so far": "The support given so far",
    "support on offer": "The support that is there for them",
    "improvement from": "From which day it is to improve",
    "improvement until": "Until which day: three to six weeks later",
    "enough improvement": "What is improvement enough in that time",
    "fine before its end": "For what a penalty notice may come before that time is over",
}

#: To show a text as it will look.
SAMPLE: Final = {
    "student": "Maria Salas",
    "guardian": "Ana Salas",
    "days": "9",
    "unexcused": "4",
    "counted": "3",
    "dates": "September 7, 2026; September 11, 2026; September 18, 2026",
    "contact": "Nora Bell",
    "phone": "(312) 555-0100",
    "school": "North School",
    "date": "November 27, 2026",
    "notice date": "November 20, 2026",
    "support so far": "a meeting on September 30 and a morning club",
    "support on offer": "a talk with the school nurse",
    "improvement from": "November 30, 2026",
    "improvement until": "January 8, 2027",
    "enough improvement": "no more than one day without a reason",
    "fine before its end": "three more days without a reason",
    "family page": "https://school.example/f/maple/abcdefghijklmnopqrstuvwxyz234567",
    EARLIER_SCHOOL: "yes",
}
