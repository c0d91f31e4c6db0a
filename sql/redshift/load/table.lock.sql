-- Two loads of one table wait for each other. Task <table>.load_partition. Values: schema, table.
LOCK {{ task.sql_values.schema }}.{{ task.sql_values.table }}
