-- From a file, so that no pseudonym stands in a statement: Redshift keeps the text of statements for days.
-- Task forget_subject.erase_warehouse. Values: pseudonyms.
COPY erased_subjects
FROM '{{ task.sql_values.pseudonyms }}'
IAM_ROLE DEFAULT
FORMAT AS CSV
