from . import document_rows, documents, policy
