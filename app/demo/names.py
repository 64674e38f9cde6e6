"""Names of made-up people, places and things."""

from typing import Final

_GIVEN = """
Ada Amir Anita Arlo Beatriz Ben Bianca Caleb Carmen Chidi Clara Dalia Darnell Dina Elias Emeka Erin
Esther Farah Felix Fiona Gideon Grace Hana Hector Ines Isaac Ivy Jamal Joanna Jonas Kavya Keiko Kofi
Leah Leon Lucia Malik Mara Marcus Mina Nadia Naomi Noel Olga Omar Paula Pedro Quentin Rafael Renée
Rosa Ruben Samira Sofía Stefan Talia Theo Tomás Uma Vera Victor Wanda Yara Yusuf Zoe
"""
GIVEN: Final = tuple(_GIVEN.split())

_FAMILY = """
Abara Alvarez Anders Baptiste Barlow Becker Calloway Castillo Chandra Conti Dahl Delgado Ekström
Elwood Fairley Ferro Galvez Gamble Haddad Hale Ibarra Ivers Jansen Joubert Kaplan Keene Kimura Lacey
Lindqvist Maddox Márquez Mbeki Nakata Nolan Núñez Oduya Orlov Pace Patel Quiroga Ramsey Rhee Rivas
Sandoval Serrano Sorensen Tamm Tran Underhill Usman Vance Vidal Waller Winslow Xiong Yates Zamora
Zeller
"""
FAMILY: Final = tuple(_FAMILY.split())

#: What they do, and how many of a hundred do it.
TITLES: Final = (
    ("Grade 1 teacher", 7),
    ("Grade 2 teacher", 7),
    ("Grade 3 teacher", 7),
    ("Grade 5 teacher", 7),
    ("Math teacher", 9),
    ("English teacher", 9),
    ("Science teacher", 7),
    ("Social studies teacher", 6),
    ("Spanish teacher", 4),
    ("Music teacher", 3),
    ("Art teacher", 3),
    ("Special education teacher", 8),
    ("Paraprofessional", 8),
    ("School counselor", 3),
    ("Librarian", 2),
    ("Office secretary", 4),
    ("Attendance clerk", 2),
    ("School nurse", 2),
    ("Assistant principal", 2),
)

#: Short name, name, and the rooms that are not simply numbered.
SCHOOLS: Final = {
    "maple": (
        ("North", "North Elementary School", ("Library", "Main office", "Gym", "Art room")),
        ("Cedar", "Cedar Middle School", ("Library", "Main office", "Band room", "Science lab")),
        ("High", "Maple High School", ("Library", "Main office", "Auditorium", "Computer lab")),
    ),
    "birch": (
        ("North", "North Elementary School", ("Library", "Main office")),
        ("Cedar", "Cedar Middle School", ("Library", "Main office")),
    ),
}

#: Kind, model, letters of the tag, and how many of a hundred there are.
DEVICES: Final = (
    ("Chromebook", "Fernway Chromebook 311", "CB", 72),
    ("Laptop", "Fernway Pro 14", "LT", 12),
    ("Projector", "Lumio P20 projector", "PJ", 6),
    ("Document camera", "Lumio Desk camera", "DC", 4),
    ("Printer", "Inkwell 4500 printer", "PR", 4),
    ("Interactive board", "Lumio Board 75", "IB", 2),
)

_CHILDREN = """
Abby Adam Aiden Alice Amelia Andre Audrey Austin Bella Blake Brooke Bryce Callie Carson Chloe Cole Daisy
Derek Dylan Eli Ella Ethan Eva Evan Faith Finn Gavin Georgia Greta Hailey Harper Henry Hudson Ian Jade
Jasper Josie Julian Kara Kayla Kyle Landon Layla Levi Lily Logan Lucy Mason Maya Miles Molly Nolan Owen
Paige Piper Reid Riley Ruby Sadie Seth Sienna Spencer Stella Tanner Tessa Trent Violet Wyatt
"""
_CHILDREN_ES = """
Adriana Alma Andrés Camila Daniela Diego Emilio Gabriela Joaquín Julieta Lorena Mateo Noelia Raúl Renata
Santiago Valeria Ximena
"""
_PARENTS = """
Angela Brian Claire Craig Dana Denise Eric Gail Heather Jeff Joan Karen Keith Laura Marcia Neil Patrick
Rachel Scott Sharon Todd Valerie Wade Wendy
"""
_SURNAMES = """
Abbott Avery Barnes Blair Boyd Brewer Burke Carver Chase Conley Crane Dalton Decker Dunn Easton Ellis
Farrell Fisher Foley Garner Grady Hardin Hayes Hobbs Holt Ingram Jarvis Keller Kirby Lamb Lawson Logan
Maddox Mercer Monroe Norris Oakley Palmer Parrish Pruitt Quick Reeves Rowe Sayer Shaw Sloan Stone Tate
Temple Tully Vaughn Voss Ward Webb Wells Whitlow Wynn York
"""
_SURNAMES_ES = """
Aguilar Barrera Cisneros Domínguez Escobar Fuentes Guerrero Herrera Ledesma Montoya Navarro Ochoa Peralta
Rosales Santillán Treviño Villanueva Zavala
"""
#: Given names of students and of parents, and the names of families, by home language.
CHILDREN: Final = {
    "en": tuple(_CHILDREN.split()),
    "es": tuple(_CHILDREN_ES.split()),
    "vi": ("Minh", "Linh", "An", "Khoa"),
    "ar": ("Yasmin", "Karim", "Amal", "Ziad"),
}
PARENTS: Final = {
    "en": tuple(_PARENTS.split()),
    "es": ("Beatriz", "Carlos", "Elisa", "Guadalupe", "Héctor", "Marisol", "Rocío", "Silvia"),
    "vi": ("Hoa", "Tuấn", "Mai"),
    "ar": ("Huda", "Rami", "Salma"),
}
SURNAMES: Final = {
    "en": tuple(_SURNAMES.split()),
    "es": tuple(_SURNAMES_ES.split()),
    "vi": ("Nguyen", "Pham", "Dang"),
    "ar": ("Khoury", "Nasser", "Saleh"),
}
