"""An embedded switch that dials an application exactly as FreeSWITCH does."""
