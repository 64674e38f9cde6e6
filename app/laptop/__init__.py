"""`make run`: the servers, the demo and every process of FrontOffice, on one machine, under one command."""
