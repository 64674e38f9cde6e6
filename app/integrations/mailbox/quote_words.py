"""How mail programs introduce what they quote, in the languages that schools write.

As Gmail, Outlook, Apple Mail, Yahoo, Thunderbird and Samsung's and Android's programs write it in English, Spanish,
French, German, Portuguese, Italian, Dutch, Polish, Russian, Ukrainian, Chinese, Japanese, Korean, Vietnamese,
Arabic, Tagalog, Turkish and the Nordic languages. None of them has an interface in Haitian Creole or Somali that
words this: their writers' programs speak French, English or Arabic.
"""

import re
from enum import Enum
from typing import Final


class Head(Enum):
    """What a line of a quoted mail's head says."""

    FROM = "from"
    #: A word that only mail uses for when: "Sent".
    SENT = "sent"
    #: A word that other texts use as well: "Date".
    DATE = "date"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"


def _by_word(words: dict[Head, str]) -> dict[str, Head]:
    return {word.strip(): head for head, listed in words.items() for word in listed.split(",")}


#: The word before the colon, in small letters.
HEAD_WORDS: Final = _by_word(
    {
        Head.FROM: "from,von,de,da,van,od,от,від,från,fra,lähettäjä,kimden,gönderen,발신,보낸 사람,보낸사람,差出人,"
        "发件人,寄件者,寄件人,từ,người gửi,من,mula kay,mula sa",
        Head.SENT: "sent,gesendet,envoyé,enviado,enviado el,enviado em,enviada em,enviada,inviato,verzonden,wysłano,"
        "wysłane,отправлено,надіслано,skickat,sendt,lähetetty,gönderildi,보낸 날짜,보낸 시간,보낸날짜,送信日時,"
        "发送时间,發送時間,寄件日期,傳送日期,đã gửi,ngày gửi,تم الإرسال,تاريخ الإرسال,أرسلت,أُرسلت,تم إرسالها,"
        "ipinadala",
        Head.DATE: "date,datum,fecha,data,дата,dato,päivämäärä,päiväys,tarih,날짜,日付,日期,时间,時間,ngày,"
        "التاريخ,petsa",
        Head.TO: "to,an,à,para,a,aan,do,кому,до,till,til,vastaanottaja,kime,alıcı,수신,받는 사람,받는사람,宛先,"
        "收件人,收件者,đến,tới,người nhận,إلى,الى,kay,sa",
        Head.CC: "cc,kopie,копия,копія,copie,kopia,kopi,bilgi,참조,抄送,副本,نسخة,نسخة إلى,ccn,bcc",
        Head.SUBJECT: "subject,betreff,objet,asunto,assunto,oggetto,onderwerp,temat,тема,ämne,emne,aihe,konu,제목,件名,"
        "主题,主題,主旨,chủ đề,tiêu đề,الموضوع,paksa",
    }
)

#: An address stands in it.
ADDRESS: Final = re.compile(r"[^\s<>()\[\]@]@[^\s<>()\[\]@]")

#: A day with its year.
DAY: Final = re.compile(r"\b\d{4}\b|\d{4}[年년]|\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{2,4}")
#: A time of the day.
TIME: Final = re.compile(r"\d{1,2}\s?[:.hH時时시]\s?\d{2}")

#: "… wrote", wherever the language puts it.
WROTE: Final = re.compile(
    r"(?:\b|(?<=>))wrote\b|\bescribi[óo]\b|\ba écrit\b|\bschrieb\b|\bgeschrieben\b|\bescreveu\b|\bha scritto\b"
    r"|\bschreef\b|\bgeschreven\b|\bnapisał|\bnapisana\b|\bpisze\b|\bнаписал|\bпишет\b|\bпише\b|\bнаписав"
    r"|写道|寫道|のメール|님이 작성|님이 씀|작성$|\bđã viết\b|\bviết$|تمت كتابة ما يلي|كتب|\bskrev\b|\bkirjoitti\b"
    r"|\byazdı\b|\bisinulat ni\b",
    re.IGNORECASE,
)
#: How an introduction begins that begins with the date.
STARTS: Final = re.compile(
    r"(?:on|at|am|el|en|le|em|no dia|a|il|il giorno|in data|op|den|w dniu|dnia|wiadomość|в|vào|noong|lúc)\s"
    r"|在|في|\d|\w{1,12}[.,]{1,2}\s+\d",
    re.IGNORECASE,
)
#: An introduction without a verb ends with the address that it names.
ENDS_WITH_ADDRESS: Final = re.compile(r"[<(\[]\s?[^\s<>()\[\]@]{1,64}@[^\s<>()\[\]@]{1,190}\s?[>)\]]{1,2}$")

_ORIGINAL_WORDS = (
    r"original message|mensaje original|message d['’]origine|message original|ursprüngliche nachricht"
    r"|originalnachricht|originale nachricht|mensagem original|messaggio originale|oorspronkelijk bericht"
    r"|origineel bericht|oryginalna wiadomość|wiadomość oryginalna|исходное сообщение|оригинальное сообщение"
    r"|邮件原件|原始邮件|原始郵件|原始訊息|原邮件|元のメッセージ|원본 메시지|원본 이메일|thư gốc|tin nhắn gốc"
    r"|الرسالة الأصلية|رسالة أصلية|originalmeddelande|ursprungligt meddelande|oprindelig meddelelse"
    r"|opprinnelig melding|alkuperäinen viesti|özgün ileti|orijinal mesaj"
)
#: The line between dashes above a quoted mail.
ORIGINAL: Final = re.compile(rf"[-—_]{{2,60}}\s?(?:{_ORIGINAL_WORDS})\s?[-—_]{{2,60}}", re.IGNORECASE)

_FORWARDED_WORDS = (
    r"forwarded message|mensaje reenviado|message transféré|message transmis|weitergeleitete nachricht"
    r"|mensagem encaminhada|mensagem reencaminhada|messaggio inoltrato|doorgestuurd bericht|forwarded bericht"
    r"|przekazana wiadomość|wiadomość przekazana|пересылаемое сообщение|пересланное сообщение"
    r"|перенаправлене повідомлення|转发的邮件|转发邮件|轉寄的郵件|轉寄郵件|已轉寄的郵件|転送されたメッセージ"
    r"|転送メッセージ|전달된 메시지|thư được chuyển tiếp|tin nhắn đã chuyển tiếp|رسالة معاد توجيهها|رسالة محولة"
    r"|vidarebefordrat meddelande|videresendt meddelelse|videresendt melding|välitetty viesti|yönlendirilen mesaj"
    r"|yönlendirilmiş ileti|ipinasang mensahe"
)
#: The line above a mail that is passed on: what follows is new to the desk.
FORWARDED: Final = re.compile(
    rf"[-—_]{{2,60}}\s?(?:{_FORWARDED_WORDS})\s?[-—_]{{2,60}}"
    r"|(?:begin forwarded message|inicio del mensaje reenviado|début du message réexpédié|début du message transféré"
    r"|anfang der weitergeleiteten nachricht|início da mensagem encaminhada|início da mensagem reencaminhada"
    r"|inizio messaggio inoltrato|begin doorgestuurd bericht|początek przekazywanej wiadomości"
    r"|начало переадресованного сообщения|开始转发的邮件|以下是被转发的邮件|以下為轉寄的郵件|開始轉寄郵件"
    r"|転送されたメッセージ|전달된 메시지 시작|bắt đầu thư được chuyển tiếp|بداية الرسالة المعاد توجيهها)\s*[:：]",
    re.IGNORECASE,
)

_DEVICE = (
    r"(?:i ?phone|i ?pad|i ?pod|blackberry|android|galaxy|samsung|pixel|chromebook|smartphone|tablet|huawei|xiaomi"
    r"|redmi|oppo|vivo|nokia|motorola|moto|htc|sony|lg|windows phone|mobile device|mobile phone|cell phone|móvil"
    r"|celular|téléphone|handy|telefoon|cellulare|telefon|outlook|yahoo|gmail|aol|mail for windows|mail para windows"
    r"|courrier pour windows|proton ?mail|spark|sparrow|airmail|thunderbird|webmail|手机|手機|điện thoại)"
)
#: The line that a telephone or a mail program adds by itself.
SENT_FROM: Final = re.compile(
    r"(?:"
    r"(?:sent (?:from|with|via|using)|enviado (?:desde|con|do|da|de|pelo|a partir)|envoyé (?:de|depuis|à partir|avec)"
    r"|gesendet (?:von|mit)|inviat[oa] d|verzonden (?:vanaf|met|via|van)|verstuurd (?:vanaf|met)|wysłan[eoa] z"
    r"|отправлено (?:с|из)|надіслано з|发自|寄自|(?:đã )?gửi từ|أ?ُ?رسلت من|تم الإرسال من|skickat från|sendt fra"
    r"|lähetetty|ipinadala mula)"
    rf"(?: my verizon,)?(?:[\s/]?[^\s,;!?]{{1,20}}){{0,4}}?[\s/]?\b{_DEVICE}"
    r"(?:['’]\w{1,4})?(?:\s[\w&.+/-]+){0,5}"
    rf"|(?:von mein\w+|从我的|從我的)\s?.{{0,40}}{_DEVICE}.{{0,20}}\s?(?:gesendet|发送|傳送)"
    rf"|.{{0,20}}{_DEVICE}.{{0,20}}(?:から送信|에서 보냄)"
    rf"|发自我的\s?{_DEVICE}.{{0,20}}|أ?ُ?رسلت من .{{0,12}}{_DEVICE}"
    r"|\w{0,12} ?(?:o )?outlook (?:for|para|pour|für|per|voor|для|dla|til|för) (?:ios|android|mac)(?: \w{5,12})?"
    r")\.?",
    re.IGNORECASE,
)

#: "See my answers below": then what stands below is not only quoted.
POINTS_BELOW: Final = re.compile(
    r"\b(?:below|in-?line|in (?:red|blue|green|bold|caps|capitals)|abajo|debajo|en (?:rojo|azul|negritas?)"
    r"|ci-dessous|plus bas|en (?:rouge|bleu|gras)|unten|in rot|in blau|abaixo|em (?:vermelho|azul|negrito)"
    r"|qui sotto|di seguito|in rosso|hieronder|in het rood|poniżej|na czerwono|ниже|красным|bên dưới|dưới đây"
    r"|màu đỏ|sa ibaba)\b|下面|以下|如下|下方|下記|红色|紅色|红字|紅字|아래|أدناه|بالأحمر",
    re.IGNORECASE,
)
