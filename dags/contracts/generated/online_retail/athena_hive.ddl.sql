CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`online_retail` (
    `invoice_no` string COMMENT 'Six digits. A leading C marks a cancellation (a return), a leading A a bad-debt adjustment.',
    `line_no` int COMMENT 'Position within the invoice, given by us: the shop delivers none. Lines are numbered in the order of their values, so that the number does not depend on files or their order.',
    `stock_code` string COMMENT 'Code of the article, or of something that is not an article (see is_goods).',
    `description` string COMMENT 'Name of the article at the time of the sale.',
    `quantity` int COMMENT 'Pieces. Negative on returns.',
    `invoice_date` timestamp COMMENT 'Local time of the shop, as delivered, without a time zone.',
    `unit_price` decimal(12,3) COMMENT 'Pounds sterling, rounded half up to a tenth of a penny.',
    `customer_id` string COMMENT 'Pseudonym of the customer number (keyed hash, 64 hexadecimal digits); missing for guests.',
    `country` string COMMENT 'Country of the customer, in the shop\'s spelling.',
    `is_return` boolean COMMENT 'True on lines of a cancellation.',
    `is_goods` boolean COMMENT 'False for postage, manual entries, discounts, samples, bank and marketplace fees, donations, debt adjustments and gift vouchers. Such lines are part of the invoice and are kept.',
    `line_amount` decimal(18,3) COMMENT 'Quantity times price. Negative on returns.'
)
PARTITIONED BY (`invoice_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/online_retail/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '3ab96c4deb820c62')
