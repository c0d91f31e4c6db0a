-- Two loads at once would read each other's half of the dimensions. Task sales_marts.copy_fact_sales.
LOCK mart.fact_sales
