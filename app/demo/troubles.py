"""What goes wrong at a school, told as the people there tell it."""

from dataclasses import dataclass
from typing import Final

COMPUTER, BOARD, PRINTER, ACCOUNT, NETWORK, PHONE, SOFTWARE, OTHER = range(8)


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble: how it is reported, what is asked back, what mends it."""

    #: Place in opening.FIRST_CATEGORIES.
    about: int
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    question: str
    answer: str
    #: For the technicians alone.
    note: str
    mended: tuple[str, ...]
    #: The kind of device it is about, if it is about one.
    device: str = ""
    #: How many of a hundred stop a class.
    stops_class: int = 3


THANKS: Final = (
    "Thank you, that did it!",
    "Works again. Thanks for coming so quickly.",
    "Perfect, thank you. The kids are happy too.",
    "All good now, thanks!",
    "That was it. I would never have found that. Thank you!",
)

#: How a technician begins.
GREETINGS: Final = (
    "Hi {given},",
    "Hello {given},",
    "Good morning {given},",
    "Hi {given}, thanks for letting us know.",
)

TROUBLES: Final = (
    Trouble(
        COMPUTER,
        ("Chromebook will not turn on", "Student Chromebook is dead", "{tag} does not start"),
        (
            "One of the student Chromebooks in {room} will not turn on. The charging light stays dark, also on "
            "another charger. The tag is {tag}.",
            "{tag} has been on the charger since yesterday and still does nothing. A student needs it for "
            "period {period}.",
        ),
        "Could you hold the power and refresh keys together for ten seconds and tell me if the light comes on?",
        "I tried that twice. No light.",
        "Third one of this model with a dead battery this month. Worth asking about the warranty batch.",
        ("The battery was gone. I left a spare in the cart and took this one along for repair.",),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        ("Cracked screen on {tag}", "Chromebook screen broken", "Broken screen, {room}"),
        (
            "A student dropped {tag} between classes. The screen is cracked in one corner and the left half is "
            "black. It still turns on.",
            "The screen of {tag} has a crack from corner to corner. No one is hurt, no loose glass. Can we have "
            "another one until it is repaired?",
        ),
        "Is the case bent anywhere, or is it the screen alone?",
        "Only the screen, the case looks fine.",
        "Panel in stock, shelf 3.",
        (
            "I swapped the screen this afternoon. It is back in the cart in {room}.",
            "Screen replaced and tested. I put a new protector sleeve on as well.",
        ),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        ("Keys missing on a Chromebook", "Keyboard not working on {tag}", "Space bar stuck"),
        (
            "Two keys came off {tag} and the student says it was like that when he opened the cart. The E does "
            "not work at all.",
            "The space bar of {tag} sticks. We cleaned it but it is no better.",
        ),
        "Are the loose keys still around? A photo of the keyboard would help me bring the right part.",
        "Yes, they are in an envelope on my desk.",
        "Order key caps, we are down to one set.",
        ("New keyboard is in. I typed a page on it, all keys work.",),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        (
            "Charging cart does not charge",
            "Cart in {room} is not charging",
            "Half the cart was empty this morning",
        ),
        (
            "This morning half of the Chromebooks in our cart were empty although they were plugged in all night. "
            "The top two shelves do not charge.",
            "The charging cart in {room} makes a clicking sound and the green light is off. We have testing next "
            "week and need it.",
        ),
        "Does the light on the power strip at the back of the cart come on when you press its switch?",
        "It comes on for a second and goes off again.",
        "Timer module again. Same fault as at the library in spring.",
        ("The timer of the cart was broken. I replaced it, and all shelves charge now.",),
        stops_class=12,
    ),
    Trouble(
        COMPUTER,
        (
            "Laptop very slow since the update",
            "Teacher laptop freezes",
            "My laptop takes 15 minutes to start",
        ),
        (
            "Since the update last week my laptop {tag} needs about fifteen minutes until I can use it. I cannot "
            "take attendance in time.",
            "My laptop freezes whenever I open more than three tabs. I restarted it every day this week.",
        ),
        "Could you leave it plugged in and open over lunch today? Then I can look at it from here.",
        "It is on my desk, plugged in, until 1:15.",
        "Disk is at 98 percent, mostly the old mail cache.",
        (
            "The disk was nearly full. I made room and it starts in under a minute now. Tell me if it creeps back.",
        ),
        device="Laptop",
    ),
    Trouble(
        COMPUTER,
        (
            "Need 5 loaner Chromebooks for testing",
            "Extra Chromebooks for state testing",
            "Loaners for period {period}",
        ),
        (
            "We are five Chromebooks short for testing on Thursday. Could we borrow some from the library cart?",
            "Three new students joined my class and there is no device for them yet.",
        ),
        "For which days, and will they stay in {room}?",
        "Thursday and Friday only, and they stay in the room.",
        "Library cart is free Thursday, checked with the librarian.",
        ("They are in {room}, in the blue crate. Please leave them there on Friday, I will collect them.",),
    ),
    Trouble(
        COMPUTER,
        ("No sound on {tag}", "Headphones not recognised", "Student cannot hear the reading test"),
        (
            "There is no sound on {tag}, neither from the speakers nor with headphones. The student cannot do the "
            "reading assessment.",
            "The headphone jack on {tag} does nothing. I tried three headsets.",
        ),
        "When the headphones are in, which output is shown next to the clock?",
        "It says the board, not headphones.",
        "",
        ("It was sending its sound to the classroom board. I set it back, and showed the student where.",),
        device="Chromebook",
        stops_class=6,
    ),
    Trouble(
        BOARD,
        (
            "Projector shows no picture",
            "Projector dead in {room}",
            "Projector will not turn on, class is waiting",
        ),
        (
            "The projector in {room} does not come on. The lamp light is red. I have a full class and the lesson "
            "is all on slides.",
            "No picture on the projector since this morning. It says no signal, but the cable is in. I tried my "
            "laptop and the Chromebook.",
        ),
        "Is there a red or an orange light on the projector itself, and does it blink?",
        "Orange and it blinks twice, then pauses.",
        "Twice orange is the lamp. Last lamp changed in August, that is early.",
        (
            "The lamp had reached its end. New one is in, good for about three years.",
            "The cable in the wall plate had come loose. I fixed it with the bracket so it cannot slip again.",
        ),
        device="Projector",
        stops_class=38,
    ),
    Trouble(
        BOARD,
        ("Projector picture is blurry", "Projector colours are all yellow", "Picture is crooked"),
        (
            "The picture in {room} is so yellow that students in the back cannot read anything.",
            "Somebody bumped the projector and now the picture is crooked and half on the ceiling.",
        ),
        "Can I come by during your planning period to look at it?",
        "Yes, I am free in period {period}.",
        "",
        ("Cleaned the filter, set the picture straight again and locked the mount.",),
        device="Projector",
        stops_class=8,
    ),
    Trouble(
        BOARD,
        (
            "Interactive board does not react to touch",
            "Board in {room}: touch is off",
            "Pen writes two inches beside",
        ),
        (
            "The board shows the picture but does not react to fingers or pens. It worked on Friday.",
            "When I write on the board, the line appears about two inches to the left.",
        ),
        "Is the thin cable on the lower right side of the board plugged into the computer?",
        "I found two thin cables, both are plugged in.",
        "If calibration does not hold, the controller has to go back.",
        ("I ran the calibration with all nine points. Writing lands where the pen is.",),
        stops_class=14,
    ),
    Trouble(
        BOARD,
        ("Document camera not found", "Document camera is frozen", "Doc camera shows black"),
        (
            "My document camera is not found by the laptop any more. I use it in every math lesson.",
            "The document camera shows the same frozen picture whatever I put under it.",
        ),
        "Which port of the dock is it plugged into, left or right?",
        "The right one, next to the power.",
        "",
        (
            "The right port of that dock has given up. It works on the left one, and I marked the other with tape.",
        ),
        device="Document camera",
        stops_class=5,
    ),
    Trouble(
        BOARD,
        ("No sound in {room}", "Microphone in the auditorium hums", "Speakers crackle"),
        (
            "The ceiling speakers in {room} have no sound. The video plays but only on the laptop's own speakers.",
            "We have the assembly tomorrow and the wireless microphone hums loudly.",
        ),
        "Is the small amplifier box in the cabinet lit?",
        "There is a light but it is red.",
        "Key for that cabinet is with the custodian.",
        ("The amplifier had switched itself off. I reset it and lowered the input, no more hum.",),
        stops_class=10,
    ),
    Trouble(
        PRINTER,
        ("Printer jammed again", "Paper jam in {room}", "Printer eats the paper"),
        (
            "The printer in {room} jams on every third page. I took out all the paper I could see.",
            "Paper jam, and the door at the back does not open. Report cards are due today.",
        ),
        "Does it jam with the paper from the drawer, or with the tray at the front?",
        "Only from the drawer. The front tray works.",
        "Pick-up roller, ordered two.",
        ("The roller in the drawer was worn. I changed it and printed fifty pages without a jam.",),
        device="Printer",
    ),
    Trouble(
        PRINTER,
        ("Out of toner", "Printer asks for black toner", "Streaks on all pages"),
        (
            "The office printer is out of black toner and the cabinet is empty.",
            "All pages have a gray streak on the left. We shook the cartridge already.",
        ),
        "What is the number on the front of the old cartridge?",
        "It says 4500-K.",
        "Reorder when below four.",
        ("New toner is in, and two more are in the cabinet.",),
        device="Printer",
    ),
    Trouble(
        PRINTER,
        ("Cannot print to the copier", "Print jobs disappear", "Printer not in my list"),
        (
            "When I print to the workroom copier nothing comes out, and no message either.",
            "After I moved to {room} the nearest printer is not in my list.",
        ),
        "Does it ask you for your staff code when you print?",
        "No, it used to. Now it asks nothing.",
        "",
        (
            "Your computer was still set up for the old queue. I added the new one, please use your staff code.",
        ),
    ),
    Trouble(
        ACCOUNT,
        ("Locked out of my account", "Password expired", "Cannot sign in this morning"),
        (
            "I am locked out. It says too many attempts, but I only tried twice. I need the gradebook before "
            "period {period}.",
            "My password expired over the weekend and the page to change it just goes round in circles.",
        ),
        "Are you trying from school or from home?",
        "From my classroom.",
        "An old phone with the old password kept trying.",
        ("Unlocked. Your phone still had the old password and kept knocking; please change it there too.",),
        stops_class=6,
    ),
    Trouble(
        ACCOUNT,
        ("Students cannot sign in", "Whole class cannot sign in", "Student password reset needed"),
        (
            "Four of my students cannot sign in on their Chromebooks. It says wrong password for all of them.",
            "A student forgot her password. She is sitting next to me, can you reset it?",
        ),
        "Do they see our district's page when they type the address, or another one?",
        "Another one, with a plain white background.",
        "",
        ("Done. They set a new one with me at the door and could all sign in.",),
        stops_class=18,
    ),
    Trouble(
        ACCOUNT,
        ("New teacher needs an account", "Account for a long-term substitute", "New aide starts Monday"),
        (
            "We have a new colleague in {room} from Monday. She needs email, the gradebook and a laptop.",
            "A long-term substitute starts next week and needs to take attendance.",
        ),
        "Has the office entered the start date? I can only open the account from that day.",
        "Yes, the secretary did that this morning.",
        "",
        ("The account is open, and the first password is in a sealed envelope at the main office.",),
    ),
    Trouble(
        ACCOUNT,
        ("Email on my new phone", "Calendar does not sync", "Shared mailbox is gone"),
        (
            "I have a new phone and the school email does not come in.",
            "The grade level's shared mailbox disappeared from my list this morning.",
        ),
        "Which message do you see when you add the account?",
        "It says that my administrator must allow this device.",
        "",
        (
            "Your new phone was waiting for our approval. It is approved, mail should arrive within ten minutes.",
        ),
    ),
    Trouble(
        NETWORK,
        ("No internet in {room}", "Wifi down in the whole wing", "Internet keeps dropping"),
        (
            "The internet is down in {room} and next door as well. Nobody can work.",
            "The wifi drops every few minutes. The Chromebooks connect and lose it again.",
        ),
        "Is the small white box at the ceiling lit, and in which colour?",
        "It has no light at all.",
        "Switch in closet B lost its power supply, swapped for the spare.",
        (
            "The access point had no power. It is back, and I watched it for half an hour.",
            "A cable in the closet had been pulled. It is back in and labelled.",
        ),
        stops_class=42,
    ),
    Trouble(
        NETWORK,
        ("Website blocked that I need", "Please unblock a video", "Reading site is blocked"),
        (
            "The page for our science unit is blocked for students. I can open it, they cannot.",
            "A video of the museum about volcanoes is blocked. We would like to watch it in period {period}.",
        ),
        "Could you send me the exact address that the students see on the blocked page?",
        "I copied it into the ticket, it is in the photo as well.",
        "Category was wrong. Allowed for grades 3 to 5 only.",
        ("I looked at the page and allowed it for your grade. It can take fifteen minutes to arrive.",),
        stops_class=7,
    ),
    Trouble(
        NETWORK,
        ("Network outlet in {room} is dead", "Desk moved, no network", "Guest wifi for a speaker"),
        (
            "We moved the desks and the outlet by the window does nothing.",
            "A visiting author comes on Tuesday and needs wifi for her presentation.",
        ),
        "Can you read me the number on the outlet?",
        "It is 2-114-B.",
        "",
        ("Patched through in the closet and tested. Outlet works.",),
    ),
    Trouble(
        PHONE,
        ("Phone in {room} has no tone", "Classroom phone is dead", "Phone shows the wrong name"),
        (
            "The phone in {room} has no dial tone. The office cannot reach me in an emergency.",
            "My phone still shows the name of the teacher who retired.",
        ),
        "Is the display on?",
        "Yes, it says registering.",
        "Must be reachable, safety. Do it first.",
        ("The phone had lost its place on the network. I set it up again and called the office from it.",),
        stops_class=2,
    ),
    Trouble(
        PHONE,
        ("Bell schedule is wrong", "Speaker in {room} silent", "Announcements cannot be heard"),
        (
            "The bell rings five minutes early since the clocks changed.",
            "We cannot hear the announcements in {room}. In the corridor they are fine.",
        ),
        "Is it silent for the bell too, or for announcements only?",
        "Both.",
        "",
        (
            "The volume at the panel had been turned down. It is back up, and I asked the office for a test call.",
        ),
    ),
    Trouble(
        SOFTWARE,
        ("Gradebook does not load", "Cannot enter grades", "Attendance page is blank"),
        (
            "The gradebook stays white after I sign in. Grades are due tomorrow.",
            "I can see my classes but the button to save attendance does nothing.",
        ),
        "Does it work in a private window?",
        "Yes! It works there.",
        "Cached page from before their update. Clear site data.",
        ("An old copy of the page was stuck in your browser. I cleared it, and it loads again.",),
        stops_class=4,
    ),
    Trouble(
        SOFTWARE,
        ("Please install the robotics program", "App needed for art class", "Install geometry software"),
        (
            "For the robotics unit we need the block editor on the twelve laptops in {room}, by the first of next "
            "month.",
            "Could the drawing app be put on the Chromebooks for grade 5?",
        ),
        "Is it on the list of approved apps? I can start the review for you if not.",
        "It is on the list, I checked with the librarian.",
        "",
        ("It is set for your classes. Students get it the next time they sign in.",),
    ),
    Trouble(
        SOFTWARE,
        ("Testing app stuck at 90 percent", "Secure browser will not start", "Practice test does not open"),
        (
            "The testing app hangs on eight Chromebooks. The practice test is scheduled for period {period}.",
            "Secure browser says that the clock of the device is wrong.",
        ),
        "How many are on the latest version? It stands at the bottom of the start page.",
        "The eight that hang all show an older one.",
        "Had been powered off since June, missed three updates.",
        ("Those eight had missed the update. They have it now, and I ran the practice test on two of them.",),
        stops_class=25,
    ),
    Trouble(
        SOFTWARE,
        ("Video call has no camera", "Camera off in meetings", "Parents cannot hear me"),
        (
            "For parent conferences I need the camera, and it stays black in the call.",
            "In the video call parents see me but cannot hear me.",
        ),
        "Is the little shutter above the screen open?",
        "I did not know that there is one.",
        "",
        ("The shutter was closed. Camera and microphone work, we tested with a call.",),
        device="Laptop",
    ),
    Trouble(
        OTHER,
        ("Clock in {room} is an hour off", "Wall clock stopped", "Clocks after the time change"),
        (
            "The wall clock in {room} is still on the old time.",
            "The clock stopped at 10:20. It is the one that is wired, I cannot reach it.",
        ),
        "Is the one in the corridor right?",
        "Yes, that one is right.",
        "",
        ("It had missed the signal. It is right again.",),
        stops_class=0,
    ),
    Trouble(
        OTHER,
        ("Cables across the floor in {room}", "Screen needs to be moved", "Help for the open house"),
        (
            "The extension cords in {room} lie across the floor and I am afraid that somebody will trip.",
            "For the open house we need a screen and a microphone in the gym on Thursday evening.",
        ),
        "Until when do you need it?",
        "Doors open at 5:30.",
        "Custodian has the floor covers.",
        (
            "Done. The cables run along the wall in a channel now.",
            "All set up and tested, and I stay until six.",
        ),
        stops_class=0,
    ),
    Trouble(
        OTHER,
        ("Old computers to pick up", "Found a Chromebook in the gym", "Box of old chargers"),
        (
            "There are four old computers in the back of {room} that nobody uses. Can you pick them up?",
            "We found a Chromebook under the bleachers. The tag reads {tag}.",
        ),
        "Is there a tag on each of them?",
        "On three of them.",
        "",
        ("Picked up, thank you for telling us.",),
        stops_class=0,
    ),
)
