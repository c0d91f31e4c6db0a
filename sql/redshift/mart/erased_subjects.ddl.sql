-- Pseudonyms of the people to be forgotten. Task forget_subject.erase_warehouse; the table ends with the session.
CREATE TEMP TABLE erased_subjects (
    pseudonym VARCHAR(64)
)
