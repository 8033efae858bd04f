"""Places of the incubator as de minimis aid: counted, declared, decided, attested, entered in the register."""
