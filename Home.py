"""The frame: sign-in gate, navigation, the page."""

import streamlit as st

from studio.ui import again, cold, navigation, problems
from studio.ui.guard import guard, speak

st.set_page_config(page_title="Lorewright", page_icon=str(navigation.ICON))
speak()
st.logo(str(navigation.WORDMARK), size="large")
cold.settle(navigation.addresses())
page = st.navigation(navigation.pages())
held = again.held()
guard(held)
with again.again(held), problems.told():
    page.run()
