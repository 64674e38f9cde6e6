"""What goes wrong at a school, told as the people there tell it."""

from dataclasses import dataclass
from typing import Final

COMPUTER, BOARD, PRINTER, ACCOUNT, NETWORK, PHONE, SOFTWARE, OTHER = range(8)


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble: how it is reported, what is asked back, what mends it."""

    #: Place in opening.FIRST_CATEGORIES.
    about: int
    #: Titles, and the text that each of them goes with.
    told: tuple[tuple[tuple[str, ...], str], ...]
    question: str
    answer: str
    #: One for all, or one for each text.
    mended: tuple[str, ...]
    #: For the technicians alone.
    note: str = ""
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
        told=(
            (
                (
                    "Chromebook will not turn on",
                    "Student Chromebook is dead",
                ),
                "One of the student Chromebooks in {room} will not turn on. The charging light stays "
                "dark, also on another charger. The tag is {tag}.",
            ),
            (
                (
                    "{tag} does not start",
                    "Student Chromebook is dead",
                ),
                "{tag} has been on the charger since yesterday and still does nothing. A student "
                "needs it for period {period}.",
            ),
        ),
        question=(
            "Could you hold the power and refresh keys together for ten seconds and tell me if the light "
            "comes on?"
        ),
        answer="I tried that twice. No light.",
        note="Third one of this model with a dead battery this month. Worth asking about the warranty batch.",
        mended=("The battery was gone. I left a spare in the cart and took this one along for repair.",),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "Cracked screen on {tag}",
                    "Chromebook screen broken",
                    "Broken screen, {room}",
                ),
                "A student dropped {tag} between classes. The screen is cracked in one corner and the "
                "left half is black. It still turns on.",
            ),
            (
                (
                    "Chromebook screen broken",
                    "Broken screen, {room}",
                ),
                "The screen of {tag} has a crack from corner to corner. No one is hurt, no loose "
                "glass. Can we have another one until it is repaired?",
            ),
        ),
        question="Is the case bent anywhere, or is it the screen alone?",
        answer="Only the screen, the case looks fine.",
        note="Panel in stock, shelf 3.",
        mended=(
            "I swapped the screen this afternoon. It is back in the cart in {room}.",
            "Screen replaced and tested. I put a new protector sleeve on as well.",
        ),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "Keys missing on a Chromebook",
                    "Keyboard not working on {tag}",
                ),
                "Two keys came off {tag} and the student says it was like that when he opened the "
                "cart. The E does not work at all.",
            ),
            (("Space bar stuck",), "The space bar of {tag} sticks. We cleaned it but it is no better."),
        ),
        question=(
            "Are the loose keys still around? A photo of the keyboard would help me bring the right part."
        ),
        answer="Yes, they are in an envelope on my desk.",
        note="Order key caps, we are down to one set.",
        mended=("New keyboard is in. I typed a page on it, all keys work.",),
        device="Chromebook",
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "Half the cart was empty this morning",
                    "Charging cart does not charge",
                ),
                "This morning half of the Chromebooks in our cart were empty although they were "
                "plugged in all night. The top two shelves do not charge.",
            ),
            (
                (
                    "Charging cart does not charge",
                    "Cart in {room} is not charging",
                ),
                "The charging cart in {room} makes a clicking sound and the green light is off. We "
                "have testing next week and need it.",
            ),
        ),
        question=(
            "Does the light on the power strip at the back of the cart come on when you press its switch?"
        ),
        answer="It comes on for a second and goes off again.",
        note="Timer module again. Same fault as at the library in spring.",
        mended=("The timer of the cart was broken. I replaced it, and all shelves charge now.",),
        stops_class=12,
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "Laptop very slow since the update",
                    "My laptop takes 15 minutes to start",
                ),
                "Since the update last week my laptop {tag} needs about fifteen minutes until I can "
                "use it. I cannot take attendance in time.",
            ),
            (
                ("Teacher laptop freezes",),
                "My laptop freezes whenever I open more than three tabs. I restarted it every day this week.",
            ),
        ),
        question="Could you leave it plugged in and open over lunch today? Then I can look at it from here.",
        answer="It is on my desk, plugged in, until 1:15.",
        note="Disk is at 98 percent, mostly the old mail cache.",
        mended=(
            "The disk was nearly full. I made room and it starts in under a minute now. Tell me if it "
            "creeps back.",
        ),
        device="Laptop",
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "Need 5 loaner Chromebooks for testing",
                    "Extra Chromebooks for state testing",
                ),
                "We are five Chromebooks short for testing on Thursday. Could we borrow some from the "
                "library cart?",
            ),
            (
                ("Loaners for period {period}",),
                "Two classes share the cart from Wednesday, so we are three Chromebooks short in "
                "period {period}. Could we borrow some?",
            ),
        ),
        question="For which days, and will they stay in {room}?",
        answer="Thursday and Friday only, and they stay in the room.",
        note="Library cart is free Thursday, checked with the librarian.",
        mended=(
            "They are in {room}, in the blue crate. Please leave them there on Friday, I will collect them.",
        ),
    ),
    Trouble(
        COMPUTER,
        told=(
            (
                (
                    "No sound on {tag}",
                    "Student cannot hear the reading test",
                ),
                "There is no sound on {tag}, neither from the speakers nor with headphones. The "
                "student cannot do the reading assessment.",
            ),
            (
                ("Headphones not recognised",),
                "The headphone jack on {tag} does nothing. I tried three headsets.",
            ),
        ),
        question="When the headphones are in, which output is shown next to the clock?",
        answer="It says the board, not headphones.",
        mended=(
            "It was sending its sound to the classroom board. I set it back, and showed the student where.",
        ),
        device="Chromebook",
        stops_class=6,
    ),
    Trouble(
        BOARD,
        told=(
            (
                (
                    "Projector dead in {room}",
                    "Projector will not turn on, class is waiting",
                ),
                "The projector in {room} does not come on. The lamp light is red. I have a full class "
                "and the lesson is all on slides.",
            ),
            (
                ("Projector shows no picture",),
                "No picture on the projector since this morning. It says no signal, but the cable is "
                "in. I tried my laptop and the Chromebook.",
            ),
        ),
        question="Is there a red or an orange light on the projector itself, and does it blink?",
        answer="Orange and it blinks twice, then pauses.",
        note="Twice orange is the lamp. Last lamp changed in August, that is early.",
        mended=(
            "The lamp had reached its end. New one is in, good for about three years.",
            "The cable in the wall plate had come loose. I fixed it with the bracket so it cannot "
            "slip again.",
        ),
        device="Projector",
        stops_class=38,
    ),
    Trouble(
        BOARD,
        told=(
            (
                ("Projector colours are all yellow",),
                "The picture in {room} is so yellow that students in the back cannot read anything.",
            ),
            (
                ("Picture is crooked",),
                "Somebody bumped the projector and now the picture is crooked and half on the ceiling.",
            ),
        ),
        question="Can I come by during your planning period to look at it?",
        answer="Yes, I am free in period {period}.",
        mended=("Cleaned the filter, set the picture straight again and locked the mount.",),
        device="Projector",
        stops_class=8,
    ),
    Trouble(
        BOARD,
        told=(
            (
                (
                    "Interactive board does not react to touch",
                    "Board in {room}: touch is off",
                ),
                "The board shows the picture but does not react to fingers or pens. It worked on Friday.",
            ),
            (
                ("Pen writes two inches beside",),
                "When I write on the board, the line appears about two inches to the left.",
            ),
        ),
        question="Is the thin cable on the lower right side of the board plugged into the computer?",
        answer="I found two thin cables, both are plugged in.",
        note="If calibration does not hold, the controller has to go back.",
        mended=("I ran the calibration with all nine points. Writing lands where the pen is.",),
        stops_class=14,
    ),
    Trouble(
        BOARD,
        told=(
            (
                ("Document camera not found",),
                "My document camera is not found by the laptop any more. I use it in every math lesson.",
            ),
            (
                ("Document camera is frozen",),
                "The document camera shows the same frozen picture whatever I put under it.",
            ),
        ),
        question="Which port of the dock is it plugged into, left or right?",
        answer="The right one, next to the power.",
        mended=(
            "The right port of that dock has given up. It works on the left one, and I marked the "
            "other with tape.",
        ),
        device="Document camera",
        stops_class=5,
    ),
    Trouble(
        BOARD,
        told=(
            (
                ("No sound in {room}",),
                "The ceiling speakers in {room} have no sound. The video plays but only on the "
                "laptop's own speakers.",
            ),
            (
                ("Microphone in the auditorium hums",),
                "We have the assembly tomorrow and the wireless microphone hums loudly.",
            ),
        ),
        question="Is the small amplifier box in the cabinet lit?",
        answer="There is a light but it is red.",
        note="Key for that cabinet is with the custodian.",
        mended=("The amplifier had switched itself off. I reset it and lowered the input, no more hum.",),
        stops_class=10,
    ),
    Trouble(
        PRINTER,
        told=(
            (
                (
                    "Printer jammed again",
                    "Printer eats the paper",
                ),
                "The printer in {room} jams on every third page. I took out all the paper I could see.",
            ),
            (
                ("Paper jam in {room}",),
                "Paper jam, and the door at the back does not open. Report cards are due today.",
            ),
        ),
        question="Does it jam with the paper from the drawer, or with the tray at the front?",
        answer="Only from the drawer. The front tray works.",
        note="Pick-up roller, ordered two.",
        mended=("The roller in the drawer was worn. I changed it and printed fifty pages without a jam.",),
        device="Printer",
    ),
    Trouble(
        PRINTER,
        told=(
            (
                (
                    "Out of toner",
                    "Printer asks for black toner",
                ),
                "The office printer is out of black toner and the cabinet is empty.",
            ),
            (
                ("Streaks on all pages",),
                "All pages have a gray streak on the left. We shook the cartridge already.",
            ),
        ),
        question="What is the number on the front of the old cartridge?",
        answer="It says 4500-K.",
        note="Reorder when below four.",
        mended=("New toner is in, and two more are in the cabinet.",),
        device="Printer",
    ),
    Trouble(
        PRINTER,
        told=(
            (
                (
                    "Cannot print to the copier",
                    "Print jobs disappear",
                ),
                "When I print to the workroom copier nothing comes out, and no message either.",
            ),
            (("Printer not in my list",), "After I moved to {room} the nearest printer is not in my list."),
        ),
        question="Does it ask you for your staff code when you print?",
        answer="No, it used to. Now it asks nothing.",
        mended=(
            "Your computer was still set up for the old queue. I added the new one, please use your "
            "staff code.",
        ),
    ),
    Trouble(
        ACCOUNT,
        told=(
            (
                (
                    "Locked out of my account",
                    "Cannot sign in this morning",
                ),
                "I am locked out. It says too many attempts, but I only tried twice. I need the "
                "gradebook before period {period}.",
            ),
            (
                ("Password expired",),
                "My password expired over the weekend and the page to change it just goes round in circles.",
            ),
        ),
        question="Are you trying from school or from home?",
        answer="From my classroom.",
        note="An old phone with the old password kept trying.",
        mended=(
            "Unlocked. Your phone still had the old password and kept knocking; please change it there too.",
        ),
        stops_class=6,
    ),
    Trouble(
        ACCOUNT,
        told=(
            (
                ("Students cannot sign in",),
                "Four of my students cannot sign in on their Chromebooks. It says wrong password for "
                "all of them.",
            ),
            (
                ("Student password reset needed",),
                "A student forgot her password. She is sitting next to me, can you reset it?",
            ),
        ),
        question="Do they see our district's page when they type the address, or another one?",
        answer="Another one, with a plain white background.",
        mended=("Done. They set a new one with me at the door and could all sign in.",),
        stops_class=18,
    ),
    Trouble(
        ACCOUNT,
        told=(
            (
                ("New teacher needs an account",),
                "We have a new colleague in {room} from Monday. She needs email, the gradebook and a laptop.",
            ),
            (
                ("Account for a long-term substitute",),
                "A long-term substitute starts next week and needs to take attendance.",
            ),
        ),
        question="Has the office entered the start date? I can only open the account from that day.",
        answer="Yes, the secretary did that this morning.",
        mended=("The account is open, and the first password is in a sealed envelope at the main office.",),
    ),
    Trouble(
        ACCOUNT,
        told=((("Email on my new phone",), "I have a new phone and the school email does not come in."),),
        question="Which message do you see when you add the account?",
        answer="It says that my administrator must allow this device.",
        mended=(
            "Your new phone was waiting for our approval. It is approved, mail should arrive within "
            "ten minutes.",
        ),
    ),
    Trouble(
        NETWORK,
        told=(
            (
                (
                    "No internet in {room}",
                    "Wifi down in the whole wing",
                ),
                "The internet is down in {room} and next door as well. Nobody can work.",
            ),
            (
                ("Internet keeps dropping",),
                "The wifi drops every few minutes. The Chromebooks connect and lose it again.",
            ),
        ),
        question="Is the small white box at the ceiling lit, and in which colour?",
        answer="It has no light at all.",
        note="Switch in closet B lost its power supply, swapped for the spare.",
        mended=(
            "The access point had no power. It is back, and I watched it for half an hour.",
            "A cable in the closet had been pulled. It is back in and labelled.",
        ),
        stops_class=42,
    ),
    Trouble(
        NETWORK,
        told=(
            (
                (
                    "Website blocked that I need",
                    "Science page is blocked for students",
                ),
                "The page for our science unit is blocked for students. I can open it, they cannot.",
            ),
            (
                ("Please unblock a video",),
                "A video of the museum about volcanoes is blocked. We would like to watch it in "
                "period {period}.",
            ),
        ),
        question="Could you send me the exact address that the students see on the blocked page?",
        answer="I copied it into the ticket, it is in the photo as well.",
        note="Category was wrong. Allowed for grades 3 to 5 only.",
        mended=(
            "I looked at the page and allowed it for your grade. It can take fifteen minutes to arrive.",
        ),
        stops_class=7,
    ),
    Trouble(
        NETWORK,
        told=(
            (
                (
                    "Network outlet in {room} is dead",
                    "Desk moved, no network",
                ),
                "We moved the desks and the outlet by the window does nothing.",
            ),
        ),
        question="Can you read me the number on the outlet?",
        answer="It is 2-114-B.",
        mended=("Patched through in the closet and tested. Outlet works.",),
    ),
    Trouble(
        PHONE,
        told=(
            (
                (
                    "Phone in {room} has no tone",
                    "Classroom phone is dead",
                ),
                "The phone in {room} has no dial tone. The office cannot reach me in an emergency.",
            ),
        ),
        question="Is the display on?",
        answer="Yes, it says registering.",
        note="Must be reachable, safety. Do it first.",
        mended=(
            "The phone had lost its place on the network. I set it up again and called the office from it.",
        ),
        stops_class=2,
    ),
    Trouble(
        PHONE,
        told=(
            (
                (
                    "Speaker in {room} silent",
                    "Announcements cannot be heard",
                ),
                "We cannot hear the announcements in {room}. In the corridor they are fine.",
            ),
        ),
        question="Is it silent for the bell too, or for announcements only?",
        answer="Both.",
        mended=(
            "The volume at the panel had been turned down. It is back up, and I asked the office for "
            "a test call.",
        ),
    ),
    Trouble(
        SOFTWARE,
        told=(
            (
                (
                    "Gradebook does not load",
                    "Cannot enter grades",
                ),
                "The gradebook stays white after I sign in. Grades are due tomorrow.",
            ),
            (
                ("Attendance will not save",),
                "I can see my classes but the button to save attendance does nothing.",
            ),
        ),
        question="Does it work in a private window?",
        answer="Yes! It works there.",
        note="Cached page from before their update. Clear site data.",
        mended=("An old copy of the page was stuck in your browser. I cleared it, and it loads again.",),
        stops_class=4,
    ),
    Trouble(
        SOFTWARE,
        told=(
            (
                ("Please install the robotics program",),
                "For the robotics unit we need the block editor on the twelve laptops in {room}, by "
                "the first of next month.",
            ),
            (("App needed for art class",), "Could the drawing app be put on the Chromebooks for grade 5?"),
        ),
        question="Is it on the list of approved apps? I can start the review for you if not.",
        answer="It is on the list, I checked with the librarian.",
        mended=("It is set for your classes. Students get it the next time they sign in.",),
    ),
    Trouble(
        SOFTWARE,
        told=(
            (
                (
                    "Testing app stuck at 90 percent",
                    "Practice test does not open",
                ),
                "The testing app hangs on eight Chromebooks. The practice test is scheduled for "
                "period {period}.",
            ),
            (
                ("Secure browser will not start",),
                "Secure browser says that the clock of the device is wrong.",
            ),
        ),
        question="How many are on the latest version? It stands at the bottom of the start page.",
        answer="The eight that hang all show an older one.",
        note="Had been powered off since June, missed three updates.",
        mended=(
            "Those eight had missed the update. They have it now, and I ran the practice test on two "
            "of them.",
        ),
        stops_class=25,
    ),
    Trouble(
        SOFTWARE,
        told=(
            (
                (
                    "Video call has no camera",
                    "Camera off in meetings",
                ),
                "For parent conferences I need the camera, and it stays black in the call.",
            ),
        ),
        question="Is the little shutter above the screen open?",
        answer="I did not know that there is one.",
        mended=("The shutter was closed. Camera and microphone work, we tested with a call.",),
        device="Laptop",
    ),
    Trouble(
        OTHER,
        told=(
            (
                (
                    "Clock in {room} is an hour off",
                    "Clocks after the time change",
                ),
                "The wall clock in {room} is still on the old time.",
            ),
            (
                ("Wall clock stopped",),
                "The clock stopped at 10:20. It is the one that is wired, I cannot reach it.",
            ),
        ),
        question="Is the one in the corridor right?",
        answer="Yes, that one is right.",
        mended=("It had missed the signal. It is right again.",),
        stops_class=0,
    ),
    Trouble(
        OTHER,
        told=(
            (
                ("Cables across the floor in {room}",),
                "The extension cords in {room} lie across the floor and I am afraid that somebody will trip.",
            ),
            (
                ("Help for the open house",),
                "For the open house we need a screen and a microphone in the gym on Thursday evening.",
            ),
        ),
        question="When is the room free, so that I can come by?",
        answer="After 3:15 on any day.",
        note="Custodian has the floor covers.",
        mended=(
            "Done. The cables run along the wall in a channel now.",
            "All set up and tested, and I stay until six.",
        ),
        stops_class=0,
    ),
    Trouble(
        OTHER,
        told=(
            (
                ("Old computers to pick up",),
                "There are four old computers in the back of {room} that nobody uses. Can you pick them up?",
            ),
            (
                ("Found a Chromebook in the gym",),
                "We found a Chromebook under the bleachers. The tag reads {tag}.",
            ),
        ),
        question="Is there a tag on each of them?",
        answer="On three of them.",
        mended=("Picked up, thank you for telling us.",),
        stops_class=0,
    ),
)
