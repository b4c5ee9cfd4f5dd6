// Prints the rows that DuckDB gives for a query, as JSON.
import { DuckDBInstance } from '@duckdb/node-api';

const connection = await (await DuckDBInstance.create()).connect();
console.log(JSON.stringify((await connection.runAndReadAll(process.argv[2])).getRowObjectsJson()));
