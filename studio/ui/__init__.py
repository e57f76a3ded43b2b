"""What pages share; with Home.py and pages/, the only importer of streamlit."""
