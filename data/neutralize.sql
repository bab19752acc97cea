-- A copy of the database must not collect from anybody: no production, no credentials.
UPDATE ropo_account
   SET environment = 'sandbox',
       base_url = NULL,
       cid = NULL,
       apicode = NULL,
       maventa_company_uuid = NULL,
       maventa_user_api_key = NULL,
       maventa_vendor_api_key = NULL,
       receivables_base_url = NULL,
       webhook_key = NULL,
       webhook_user = NULL,
       webhook_password = NULL;
DELETE FROM ropo_token;
